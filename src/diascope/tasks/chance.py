"""What replies score that do not look at the image: random legal ones, or else shuffled truths."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from diascope.answers import Answer, Box, Boxes, Masks
from diascope.geometry import Size
from diascope.records import Case
from diascope.tasks.task import Task

SHUFFLES = 5
"""How often truths are dealt anew."""


def chance_level(task: Task, cases: Sequence[Case], seed: int) -> float | None:
    """The primary metric by chance: the task's closed form, or else what dealt truths score.

    None where neither is defined.
    """
    closed = task.chance(cases)
    if closed is not None:
        return closed
    rows = [task.measure(case, reply) for case, reply in dealt(cases, seed)]
    level = task.summarise(rows)[task.primary] if rows else math.nan
    return None if math.isnan(level) else float(level)


def dealt(cases: Sequence[Case], seed: int) -> Iterator[tuple[Case, Answer]]:
    """Every case with the truth of another one that expects the same, `SHUFFLES` times over.

    A case that is alone in what it expects is left out. Places are moved to where they are, in
    shares of the image, in the other image.
    """
    random = np.random.default_rng(seed)
    alike: dict[object, list[Case]] = {}
    for case in cases:
        alike.setdefault(case.turn.expects, []).append(case)
    for group in alike.values():
        for _ in range(SHUFFLES if len(group) > 1 else 0):
            shuffled = [group[place] for place in random.permutation(len(group))]
            for case, other in zip(shuffled, shuffled[1:] + shuffled[:1], strict=True):
                yield case, _moved(other.truth, other.image.size, case.image.size)


def _moved(answer: Answer, old: Size, new: Size) -> Answer:
    """Places at the same shares of the other image; any other answer as it is."""
    x, y = new.width / old.width, new.height / old.height
    match answer:
        case Boxes(boxes=boxes):
            return Boxes(boxes=tuple(_stretched(box, x, y) for box in boxes))
        case Masks(masks=masks):
            outlines = [tuple((u * x, v * y) for u, v in mask.polygon) for mask in masks]
            pairs = zip(masks, outlines, strict=True)
            moved = (mask.model_copy(update={"polygon": outline}) for mask, outline in pairs)
            return Masks(masks=tuple(moved))
    return answer


def _stretched(box: Box, x: float, y: float) -> Box:
    return Box(label=box.label, x0=box.x0 * x, y0=box.y0 * y, x1=box.x1 * x, y1=box.y1 * y)
