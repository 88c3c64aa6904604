"""Whether boxes are written the way they are said to be.

A wrong convention is an error that nothing reports: corners read as a corner and a size are boxes
still. So the numbers of every box are read by every convention, and how many of the boxes make no
sense is told for each: no width or height, or outside of the image. The declared convention is the
one that a record's question states; where it states none, the numbers are the corners in pixels
that the source made of what it read, which can be judged by where they lie alone.

What a source reads is counted before anything is left out: by the time that a record is kept, the
boxes that speak against its convention are gone.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Boxes
from diascope.expectations import BoxSpace
from diascope.geometry import BoxFormat, Order, Size, Space, iou_matrix
from diascope.records import Record
from diascope.sources import Problem
from diascope.sources.misread import Four, MisreadBoxes
from diascope.values import Value

ORDERS: tuple[Order, ...] = ("xyxy", "xywh", "cxcywh", "yxyx")
SPACES: tuple[Space, ...] = ("pixels", "unit", "percent", "permille")
SPELT: Mapping[Space, str] = {
    "pixels": "in pixels",
    "unit": "from 0 to 1",
    "percent": "from 0 to 100",
    "permille": "from 0 to 1000",
    "bins1024": "from 0 to 1023",
}
FEWEST = 20
"""Boxes below which nothing is called odd."""
_TOGETHER = 4096
"""Boxes that are judged at once."""
_ROUNDING_PX = 1.0
"""How far outside a coordinate may lie: annotations are rounded in either direction."""
_ALIKE = 0.9
"""Intersection over union of two boxes that are one for the eye."""
_FEWER, _FEWEST_FEWER = 0.05, 5
_MOST_TOUCHING, _MOST_OVERLAPPING, _MOST_IN_QUADRANT = 0.5, 0.2, 0.95

Floats = NDArray[np.float64]


class Reading(Value):
    """How many of the boxes make no sense when they are read so."""

    format: BoxFormat
    degenerate: int


class Convention(Value):
    """The boxes of one task of one data set."""

    dataset: str
    task: str
    declared: BoxFormat | None
    """None where no question states it: the numbers are corners in pixels."""
    boxes: int
    readings: tuple[Reading, ...]
    """Every order in every space, and what is declared."""
    touching: int
    """Of the boxes that make sense as they were read, those that touch an edge of the image."""
    overlapping: int
    """Boxes that lie on another one of their label and answer."""
    upper_left: int
    """Of the boxes that make sense, those in the upper left quadrant of the image."""
    doubts: tuple[str, ...]
    """What a person should look at, in words."""

    @property
    def read_as(self) -> BoxFormat:
        """What the numbers were read as."""
        return self.declared or BoxFormat()

    def degenerate(self, format: BoxFormat) -> float:
        """The share of boxes that make no sense when they are read so."""
        return self.degenerate_boxes(format) / self.boxes

    def degenerate_boxes(self, format: BoxFormat) -> int:
        """How many they are."""
        return {reading.format: reading.degenerate for reading in self.readings}[format]


class BoxSurvey(Value):
    """The boxes of all that a source read, as a file keeps them until the records are written."""

    conventions: tuple[Convention, ...]


class _Key(NamedTuple):
    dataset: str
    task: str
    declared: BoxFormat | None


class Conventions:
    """Is given all that a source reads, problems included."""

    def __init__(self) -> None:
        self._piles: dict[_Key, _Pile] = {}

    def add(self, item: Record | Problem) -> None:
        """Count the boxes of a record, or those that a problem could not make sense of."""
        if isinstance(item, MisreadBoxes):
            pile = self._pile(_Key(item.dataset, item.task, item.format))
            pile.add(list(item.numbers), Size(*item.image))
        elif isinstance(item, Record):
            for key, answer, size in _answers(item):
                fours = [box.corners for box in answer.boxes]
                written = [(key.declared or BoxFormat()).write(four, size) for four in fours]
                self._pile(key).add(written, size, _overlapping(answer))

    def survey(self) -> BoxSurvey:
        """One convention for each data set, task and declared convention that has any boxes."""
        keys = sorted(self._piles, key=lambda key: (*key[:2], str(key.declared)))
        return BoxSurvey(conventions=tuple(self._piles[key].convention(key) for key in keys))

    def _pile(self, key: _Key) -> "_Pile":
        return self._piles.setdefault(key, _Pile(key.declared or BoxFormat()))


class _Pile:
    """Boxes of one kind: the numbers of the last ones, and the counts of all before them."""

    def __init__(self, declared: BoxFormat) -> None:
        self._declared = declared
        usual = [BoxFormat(order=order, space=space) for space, order in product(SPACES, ORDERS)]
        self._formats = list(dict.fromkeys((*usual, declared)))
        self._numbers: list[Four] = []
        self._sizes: list[Size] = []
        self._degenerate = dict.fromkeys(self._formats, 0)
        self._boxes = self._overlapping = self._touching = self._upper_left = 0

    def add(self, numbers: list[Four], size: Size, overlapping: int = 0) -> None:
        self._numbers += numbers
        self._sizes += [size] * len(numbers)
        self._overlapping += overlapping
        if len(self._numbers) >= _TOGETHER:
            self._judge()

    def convention(self, key: _Key) -> Convention:
        self._judge()
        told = Convention(
            dataset=key.dataset,
            task=key.task,
            declared=key.declared,
            boxes=self._boxes,
            readings=tuple(
                Reading(format=each, degenerate=count) for each, count in self._degenerate.items()
            ),
            touching=self._touching,
            overlapping=self._overlapping,
            upper_left=self._upper_left,
            doubts=(),
        )
        return told.model_copy(update={"doubts": tuple(_doubts(told))})

    def _judge(self) -> None:
        if not self._numbers:
            return
        numbers = np.array(self._numbers, dtype=np.float64)
        sizes = np.array(self._sizes, dtype=np.float64)
        for each in self._formats:
            self._degenerate[each] += int(_degenerate(_read(each, numbers, sizes), sizes).sum())
        read = _read(self._declared, numbers, sizes)
        sound = ~_degenerate(read, sizes)
        self._touching += int(_touching(read, sizes)[sound].sum())
        self._upper_left += int((read[sound, 2:] <= sizes[sound] / 2).all(axis=1).sum())
        self._boxes += len(numbers)
        self._numbers, self._sizes = [], []


def _answers(record: Record) -> Iterator[tuple[_Key, Boxes, Size]]:
    for turn in record.turns:
        answer = turn.answer
        if isinstance(turn.expects, BoxSpace) and isinstance(answer, Boxes) and answer.boxes:
            key = _Key(record.dataset, turn.task, turn.expects.format)
            yield key, answer, record.images[turn.image].size


def _read(format: BoxFormat, numbers: Floats, sizes: Floats) -> Floats:
    """Corners [n, 4] in pixels of n boxes, each in an image of its own size."""
    # a format does to a column of numbers what it does to a number
    columns, frame = cast("Any", tuple(numbers.T)), cast("Any", Size(*cast("Any", sizes.T)))
    return np.stack(format.read(columns, frame), axis=1)


def _degenerate(corners: Floats, sizes: Floats) -> NDArray[np.bool_]:
    flat = (corners[:, 2:] <= corners[:, :2]).any(axis=1)
    before = (corners[:, :2] < -_ROUNDING_PX).any(axis=1)
    behind = (corners[:, 2:] > sizes + _ROUNDING_PX).any(axis=1)
    return np.asarray(flat | before | behind)


def _touching(corners: Floats, sizes: Floats) -> NDArray[np.bool_]:
    low = (corners[:, :2] < _ROUNDING_PX).any(axis=1)
    return np.asarray(low | (corners[:, 2:] > sizes - _ROUNDING_PX).any(axis=1))


def _overlapping(answer: Boxes) -> int:
    """How many boxes lie on another one of their label."""
    return sum(
        int((_shares(boxes) >= _ALIKE).any(axis=1).sum())
        for boxes in answer.by_label().values()
        if len(boxes) > 1
    )


def _shares(boxes: tuple[Any, ...]) -> Floats:
    """Overlap of every box with every other; none with itself."""
    corners = np.array([box.corners for box in boxes], dtype=np.float64)
    shares = iou_matrix(corners, corners)
    np.fill_diagonal(shares, 0)
    return shares


def _doubts(told: Convention) -> Iterator[str]:
    if told.boxes < FEWEST:
        return
    if (better := _better(told)) is not None:
        here, there = told.degenerate(told.read_as), told.degenerate(better)
        yield (
            f"{here:.0%} of the boxes make no sense as {spelt(told.read_as)}, and {there:.0%} as "
            f"{spelt(better)}: see which one the files are written in"
        )
    sound = told.boxes - told.degenerate_boxes(told.read_as)
    if sound < FEWEST:
        return
    shares = (
        (told.touching, _MOST_TOUCHING, "touch the edge of their image"),
        (told.overlapping, _MOST_OVERLAPPING, "lie on another one of the same answer"),
        (told.upper_left, _MOST_IN_QUADRANT, "lie in the upper left quadrant of their image"),
    )
    for count, most, what in shares:
        if count >= most * sound:
            yield f"{count / sound:.0%} of the boxes {what}: look whether they are read right"


def _better(told: Convention) -> BoxFormat | None:
    """The reading that clearly fewer boxes speak against; one in the declared space goes first."""
    known = {reading.format: reading.degenerate for reading in told.readings}
    best = min(known, key=lambda each: (known[each], each.space != told.read_as.space))
    fewer = known[told.read_as] - known[best]
    is_clear = fewer >= max(_FEWEST_FEWER, _FEWER * told.boxes)
    return best if is_clear and 2 * known[best] <= known[told.read_as] else None


def spelt(format: BoxFormat) -> str:
    """A convention in a few words, as in `xywh in pixels`."""
    return f"{format.order} {SPELT[format.space]}"
