"""What a run cannot learn from, told before its first step where it can be known, and by name."""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from diascope.batching import Canvas, Example
from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel
from diascope.records import Case
from diascope.training.feed import Feed, taught
from diascope.training.fitting import longest_lines

LOOKED_AT = 64
"""Cases of each group whose lines are the longest; a pass over all would take minutes."""
_NAMED = 8


def refuse_overlong(feed: Feed) -> None:
    """InputError where one of the longest cases is longer than the model can read.

    No sample is cut: half a picture, or a question without its end, teaches what is not so. What
    is longer though its line is short is not found.
    """
    if feed.model.limit is None:
        return
    for group in feed.groups.values():
        for case in longest_lines(group, LOOKED_AT):
            told = case.record.turns[: case.index + 1]
            if all(turn.answer is not None for turn in told):
                refuse_longer(feed.model, taught(feed.model, case, _blank(feed.model, case)), case)


def refuse_longer(model: VisionLanguageModel, example: Example, case: Case) -> None:
    """InputError for an example of more tokens than the model has places for."""
    if model.limit is not None and example.length > model.limit:
        raise InputError(
            f"{case.id} is {example.length:,} tokens long, the model reads {model.limit:,} at most,"
            " and no sample is cut: leave it out, show fewer images, or take a model that reads"
            " more"
        )


def not_finite(
    feed: Feed, positions: Sequence[int], step: int, losses: Tensor, told: str
) -> FloatingPointError:
    """The error of a step whose loss or gradient is no number: the samples that it came from.

    `losses` are those of the examples at these positions of the mixture; where each of them is a
    number, all are named.
    """
    bad = [place for place, loss in zip(positions, losses.tolist(), strict=True) if _is_bad(loss)]
    ids = list(dict.fromkeys(feed.case(place).id for place in bad or positions))
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return FloatingPointError(
        f"{told} at step {step}, on {', '.join(ids[:_NAMED])}{more}: look at these samples, or "
        "lower optim.lr and go on with --resume"
    )


def _is_bad(loss: float) -> bool:
    return not math.isfinite(loss)


def _blank(model: VisionLanguageModel, case: Case) -> tuple[Canvas, ...]:
    """Canvases of the right shapes without their pixels, which no length hangs on."""
    maps = (model.canvas_map(image.size) for image in case.record.images)
    return tuple(np.broadcast_to(np.uint8(0), each.canvas[::-1]) for each in maps)
