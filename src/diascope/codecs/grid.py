"""Boxes as four whole numbers: the steps of one box format on one canvas, and which are legal.

Each axis stands by itself: a first number, then a second one whose range depends on the first.
Everything is counted in closed form, so that a list without duplicates can never reach a dead end.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from diascope.geometry import BoxFormat, CanvasMap, Order, Rect, Size

Cells = tuple[int, int, int, int]
"""The four numbers of a box in the order in which they are written."""


class Open(NamedTuple):
    """The values that the next number may take: a range but for a few."""

    values: range
    closed: frozenset[int]

    def holds(self, value: int) -> bool:
        """Whether the number may be written."""
        return value in self.values and value not in self.closed

    def holds_some(self, first: int, last: int) -> bool:
        """Whether any number from `first` to `last`, both included, may be written."""
        first, last = max(first, self.values.start), min(last, self.values.stop - 1)
        if not self.closed:
            return first <= last
        return last - first + 1 > sum(first <= value <= last for value in self.closed)


@dataclass(frozen=True)
class Axis:
    """One axis in steps: whole numbers from `low` to `high`, of which `near` to `far` is seen."""

    low: int
    high: int
    near: float
    far: float
    order: Order

    @property
    def values(self) -> range:
        """Every step of the axis, both ends included."""
        return range(self.low, self.high + 1)

    @property
    def firsts(self) -> range:
        """The first number: a start, or a centre."""
        return range(self.low, self.high + (self.order == "cxcywh"))

    def seconds(self, first: int) -> range:
        """The second number: an end after the start, or an extent of at least one step.

        Around a centre the extent may pass the axis by half a step, as whole numbers can say no
        better for a box of odd extent at the very edge.
        """
        match self.order:
            case "xywh":
                return range(1, self.high - first + 1)
            case "cxcywh":
                reach = 2 * min(first - self.low, self.high - first) + 1
                return range(1, min(reach, self.high - self.low) + 1)
            case _:
                return range(first + 1, self.high + 1)

    @property
    def all_seconds(self) -> range:
        """The second number, whatever the first is."""
        lowest = self.low + 1 if self.order in ("xyxy", "yxyx") else 1
        highest = self.high if self.order in ("xyxy", "yxyx") else self.high - self.low
        return range(lowest, highest + 1)

    @cached_property
    def pairs(self) -> int:
        """How many pairs of numbers there are."""
        return sum(len(self.seconds(first)) for first in self.firsts)

    def write(self, start: float, end: float) -> tuple[int, int] | None:
        """The nearest legal pair, at least one step wide; None for what is not seen at all."""
        if not (start < self.far and end > self.near):
            return None
        if self.order == "cxcywh":
            start, end = max(start, self.low - 0.5), min(end, self.high + 0.5)
            return self._pair((start + end) / 2, end - start)
        first, end = _nearest(start, self.firsts), _nearest(end, self.values)
        return self._pair(first, end - first if self.order == "xywh" else end)

    def read(self, first: int, second: int) -> tuple[float, float]:
        """Where a pair starts and ends."""
        match self.order:
            case "xywh":
                return (first, first + second)
            case "cxcywh":
                return (first - second / 2, first + second / 2)
            case _:
                return (first, second)

    def _pair(self, first: float, second: float) -> tuple[int, int]:
        start = _nearest(first, self.firsts)
        return (start, _nearest(second, self.seconds(start)))


@dataclass(frozen=True)
class Grid:
    """The steps of a box format on a canvas, or on the original where the format says pixels."""

    canvas: CanvasMap
    format: BoxFormat

    def cells(self, rect: Rect) -> Cells | None:
        """The numbers that spell a rectangle of the original; None for one not seen at all."""
        x0, y0, x1, y1 = self.to_steps(rect)
        across, down = self.x.write(x0, x1), self.y.write(y0, y1)
        if across is None or down is None:
            return None
        one, two = (down, across) if self.format.order == "yxyx" else (across, down)
        return (one[0], two[0], one[1], two[1])

    def rect(self, cells: Cells) -> Rect:
        """The rectangle of the original that the numbers spell."""
        one, two = self.axes[0].read(*cells[::2]), self.axes[1].read(*cells[1::2])
        across, down = (two, one) if self.format.order == "yxyx" else (one, two)
        return self.from_steps((across[0], down[0], across[1], down[1]))

    def holds(self, cells: Cells) -> bool:
        """Whether the numbers spell a box."""
        return all(cells[place] in self.values(cells[:place]) for place in range(4))

    def values(self, written: tuple[int, ...]) -> range:
        """What the next number may be after the first ones of a box."""
        axis = self.axes[len(written) % 2]
        return axis.firsts if len(written) < 2 else axis.seconds(written[len(written) - 2])

    def completions(self, written: tuple[int, ...]) -> int:
        """How many boxes begin with these numbers."""
        ways = 1
        for place, axis in enumerate(self.axes):
            if len(written) <= place:
                ways *= axis.pairs
            elif len(written) <= place + 2:
                ways *= len(axis.seconds(written[place]))
        return ways

    def open(self, written: tuple[int, ...], used: Iterable[Cells], copies: int = 1) -> Open:
        """What the next number may be where each box may be used `copies` times in all."""
        place = len(written)
        counts = Counter(cells[place] for cells in used if cells[:place] == written)
        closed = (
            value
            for value, count in counts.items()
            if count >= copies * self.completions((*written, value))
        )
        return Open(self.values(written), frozenset(closed))

    def to_steps(self, rect: Rect) -> Rect:
        """A rectangle of the original in steps, unrounded."""
        if self.format.space == "pixels":
            return rect
        return self._plain.write(self.canvas.rect_to_canvas(rect), self.canvas.canvas_size)

    def from_steps(self, steps: Rect) -> Rect:
        """A rectangle in steps as one of the original."""
        if self.format.space == "pixels":
            return steps
        return self.canvas.rect_to_original(self._plain.read(steps, self.canvas.canvas_size))

    @cached_property
    def x(self) -> Axis:
        """The axis across."""
        return self._axis(0)

    @cached_property
    def y(self) -> Axis:
        """The axis down."""
        return self._axis(1)

    def _axis(self, index: int) -> Axis:
        near, far = self._seen[index], self._seen[index + 2]
        low, high = round(near), round(far)
        if low >= high:
            low = math.floor(near)
            high = low + 1
        return Axis(low, high, near, far, self.format.order)

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """The two axes in the order in which they are written."""
        return (self.y, self.x) if self.format.order == "yxyx" else (self.x, self.y)

    @cached_property
    def _plain(self) -> BoxFormat:
        """The format of the steps: three decimals of a unit are steps of a thousandth."""
        space = "permille" if self.format.space == "unit" else self.format.space
        return BoxFormat(order="xyxy", space=space)

    @cached_property
    def _seen(self) -> Rect:
        """The part of the frame that the canvas shows, in steps."""
        whole = (0.0, 0.0, float(self.canvas.canvas[0]), float(self.canvas.canvas[1]))
        if self.format.space != "pixels":
            return self._plain.write(whole, self.canvas.canvas_size)
        x0, y0, x1, y1 = self.canvas.rect_to_original(whole)
        width, height = Size(*self.canvas.original)
        return (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))


def _nearest(value: float, values: range) -> int:
    return round(min(max(value, values.start), values.stop - 1))
