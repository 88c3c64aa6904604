"""What a data set's training answers tell of its closed world: ranges, limits, labels, options.

FLARE's questions bound nothing, and a grammar needs bounds. They come from the training answers
alone, with room to spare, so that no answer of another split shapes what may be replied.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeVar

from pydantic import JsonValue

from diascope.expectations import Free, Range
from diascope.sources._flare import answers
from diascope.sources.folder import Unreadable

T = TypeVar("T")

LARGEST = 1e9
"""A larger figure in a training answer is a slip; it bounds nothing, and its row is left out."""
MOST_OPTIONS = 30
"""A classification without options in its question and with more answers than this is a VQA."""


class Bounds(NamedTuple):
    """The closed world of one task of one data set; the defaults hold without training answers."""

    low: float = 0.0
    high: float = 10_000.0
    decimals: int = 2
    percent: bool = False
    limit: int = 100
    """Boxes at most."""
    names: tuple[str, ...] = ()
    """Labels, types or answers that occur, sorted."""
    max_chars: int = 400

    def range(self, unit: str | None) -> Range:
        """Of a measurement."""
        return Range(low=self.low, high=self.high, decimals=self.decimals, unit=unit)

    def counts(self) -> Range:
        """Of a count."""
        return Range(low=0, high=self.high)

    def words(self) -> Free:
        """Of a text."""
        return Free(max_chars=self.max_chars)


class Key(NamedTuple):
    """One task of one data set."""

    category: str
    dataset: str
    task: str


def all_bounds(training: Iterable[tuple[Key, JsonValue]]) -> dict[Key, Bounds]:
    """The bounds of every task of every data set that has training answers."""
    collected: dict[Key, list[JsonValue]] = defaultdict(list)
    for key, answer in training:
        collected[key].append(answer)
    return {key: _READERS[key.task](values) for key, values in collected.items()}


def roomy(value: float) -> float:
    """Twice the value, rounded up to two significant digits; 1 at least."""
    if value <= 0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(2 * value)) - 1)
    return max(1.0, round(math.ceil(2 * value / step) * step, 6))


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts 2 before 10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def _readable(read: Callable[[JsonValue], T], values: Iterable[JsonValue]) -> list[T]:
    """What can be read; the rest is reported with its row when the row is read."""
    found = []
    for value in values:
        try:
            found.append(read(value))
        except Unreadable:
            continue
    return found


def _numbers(values: Collection[JsonValue]) -> Bounds:
    every = _readable(answers.figure, values)
    figures = [figure for figure in every if abs(figure.value) <= LARGEST]
    if not figures:
        return Bounds()
    low = min(figure.value for figure in figures)
    return Bounds(
        low=-roomy(-low) if low < 0 else 0.0,
        high=roomy(max(figure.value for figure in figures)),
        decimals=min(2, max(figure.decimals for figure in figures)),
        percent=any(figure.percent for figure in figures),
    )


def _boxes(values: Collection[JsonValue]) -> Bounds:
    return _limit(len(found) for found in _readable(answers.nested, values))


def _instances(values: Collection[JsonValue]) -> Bounds:
    found = _readable(answers.by_type, values)
    names = sorted({name for each in found for name in each}, key=natural)
    limit = _limit(sum(map(len, each.values())) for each in found)
    return limit._replace(names=tuple(names))


def _limit(counts: Iterable[int]) -> Bounds:
    most = max(counts, default=None)
    return Bounds() if most is None else Bounds(limit=math.ceil(1.5 * most) + 2)


def _texts(values: Collection[JsonValue]) -> Bounds:
    found = _readable(answers.text, values)
    longest = max(map(len, found), default=0)
    return Bounds(names=tuple(sorted(set(found))), max_chars=max(400, int(roomy(longest))))


def _labels(values: Collection[JsonValue]) -> Bounds:
    parts = _readable(lambda value: answers.label_parts(value, ()), values)
    return Bounds(names=tuple(sorted({part for each in parts for part in each})))


_READERS: Mapping[str, Callable[[Collection[JsonValue]], Bounds]] = {
    "classification": _texts,
    "multilabel": _labels,
    "detection": _boxes,
    "instance_detection": _instances,
    "counting": _numbers,
    "regression": _numbers,
    "report": _texts,
}
