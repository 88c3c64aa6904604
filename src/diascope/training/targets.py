"""What an example teaches beside its tokens: its weight, graded numbers, a number for the head."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from diascope.answers import Number
from diascope.batching import Example
from diascope.mixture import BLOCK
from diascope.models.family import VisionLanguageModel
from diascope.models.numbers import bookshelf, number_codec, share
from diascope.records import Case
from diascope.training.feed import Feed
from diascope.training.grading import grade
from diascope.training.supervision import LossConfig
from diascope.training.weighing import Drawn, Weighing

SAMPLE = 4096
"""Draws that weights are balanced by."""
_GRADED = 8192


def supervised(feed: Feed, config: LossConfig) -> Feed:
    """The feed, its examples with what the loss asks of them."""
    if not (config.grades_numbers or config.number_head or config.weighs):
        return feed
    weighing = Weighing.of(list(_sample(feed)), config) if config.weighs else None
    return replace(feed, supervise=Targets(feed.model, config, weighing).of)


def _sample(feed: Feed) -> Iterator[Drawn]:
    """As many draws as there are cases, SAMPLE at most, and a whole block of the mixture."""
    for position in range(min(SAMPLE, max(BLOCK, feed.num_cases))):
        case = feed.case(position)
        text = feed.model.target(case, case.truth)
        yield Drawn(case, len(feed.model.encode(text)) + 1)


class Targets:
    """Adds to examples; the books of ranges and the grades of numbers are made once."""

    def __init__(
        self, model: VisionLanguageModel, config: LossConfig, weighing: Weighing | None
    ) -> None:
        self.model, self.config, self.weighing = model, config, weighing
        book = bookshelf(model)
        self._grades = lru_cache(_GRADED)(
            lambda codec, value: grade(book(codec), value, config.number_sigma)
        )

    def of(self, case: Case, example: Example) -> Example:
        """The example of a case with what it teaches beside its tokens."""
        more: dict[str, Any] = {}
        if self.weighing is not None:
            more["weight"] = self.weighing.weight(case, len(example.suffix))
        codec = number_codec(self.model, case)
        if codec is not None and isinstance(case.truth, Number):
            if self.config.grades_numbers:
                more["graded"] = self._grades(codec, codec.snap(case.truth).value)
            if self.config.number_head > 0:
                more["number"] = share(codec, case.truth.value)
        return replace(example, **more)
