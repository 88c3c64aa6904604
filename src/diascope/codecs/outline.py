"""Polygons with few vertices: clipping to a window, and simplification that keeps the area.

Points are (x, y) pairs in the rows of [n, 2] arrays; a polygon is closed by itself.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_NOISE = 1e-9
_GONE = -1
_FAR = 1e3
"""How many times a side's length its neighbour may be slid along it: beyond, lines hardly meet."""


class Window(NamedTuple):
    """An upright rectangle: its upper left and its lower right corner, each (x, y)."""

    low: tuple[float, float]
    high: tuple[float, float]


class Collapse(NamedTuple):
    """One point in place of two neighbours, and the area that changes sides by it, doubled."""

    point: complex
    cost: float


def clip(points: Points, window: Window) -> Points:
    """The part inside the window (Sutherland and Hodgman 1974); no rows where there is none."""
    for axis in (0, 1):
        points = _keep(points, axis, window.low[axis], 1.0)
        points = _keep(points, axis, window.high[axis], -1.0)
    return points


def _keep(points: Points, axis: int, bound: float, sign: float) -> Points:
    """The part on one side of a line across an axis."""
    inside = sign * (points[:, axis] - bound) >= 0
    if inside.all():
        return points
    kept = []
    for at, here in enumerate(points):
        before = points[at - 1]
        if inside[at] != inside[at - 1]:
            share = (bound - before[axis]) / (here[axis] - before[axis])
            crossing = before + share * (here - before)
            crossing[axis] = bound
            kept.append(crossing)
        if inside[at]:
            kept.append(here)
    return np.array(kept, dtype=np.float64).reshape(-1, 2)


def simplify(points: Points, vertices: int) -> Points:
    """At most so many vertices, at least three, and the same area; in O(n log n).

    Collapses the cheapest segment into a point, again and again (Kronenfeld, Stanislawski,
    Buttenfield and Brockmeyer 2020: simplification of polylines by segment collapse).
    """
    if len(points) <= vertices:
        return points
    ring = _Ring(points)
    for _ in range(len(points) - vertices):
        ring.collapse()
    return ring.points()


class _Ring:
    """Vertices as complex numbers, each linked to the next; segments wait in order of their cost.

    Plain numbers: arrays of two cost thirty times as much to make as to add.
    """

    def __init__(self, points: Points) -> None:
        self._points = [complex(x, y) for x, y in points]
        count = len(self._points)
        self._next = [*range(1, count), 0]
        self._previous = [count - 1, *range(count - 1)]
        self._versions = [0] * count
        self._waiting: list[tuple[float, int, int, complex]] = []
        for at in range(count):
            self._weigh(at)

    def collapse(self) -> None:
        """The cheapest segment becomes a point."""
        while True:
            _, at, version, point = heappop(self._waiting)
            if version == self._versions[at]:
                break
        self._points[at] = point
        gone = self._next[at]
        self._next[at], self._versions[gone] = self._next[gone], _GONE
        self._previous[self._next[gone]] = at
        before = self._previous[at]
        for near in (self._previous[before], before, at, self._next[at]):
            self._weigh(near)

    def points(self) -> Points:
        """Those that are left, in order."""
        both = zip(self._points, self._versions, strict=True)
        return np.array([(each.real, each.imag) for each, version in both if version != _GONE])

    def _weigh(self, at: int) -> None:
        """What becomes of the segment from point `at` to the next one, and what it costs."""
        following = self._next[at]
        ends = (self._previous[at], at, following, self._next[following])
        point, cost = _collapse(*(self._points[end] for end in ends))
        self._versions[at] += 1
        heappush(self._waiting, (cost, at, self._versions[at], point))


def _collapse(a: complex, b: complex, c: complex, d: complex) -> Collapse:
    """What becomes of the segment BC between A and D."""
    height_b, height_c = _cross(d - a, b - a), _cross(d - a, c - a)
    # The height over AD at which a triangle has the area of ABCD.
    height = -_cross(b - a, c - a) - _cross(c - a, d - a)
    on_one_side = height_b * height_c > 0
    on_first = abs(height_b) >= abs(height_c) if on_one_side else height_b * height > 0
    line, over = ((a, b, c, d), height_b) if on_first else ((d, c, b, a), height_c)
    if abs(height) <= _FAR * abs(over) and over:
        return _slide(*line, height / over)
    return Collapse((b + c) / 2, abs(height) + abs(height_b))


def _slide(a: complex, b: complex, c: complex, d: complex, share: float) -> Collapse:
    """Moves B along its line from A; C goes."""
    point = a + share * (b - a)
    denominator = _cross(c - b, d - point)
    if abs(denominator) < _NOISE:
        return Collapse(point, 0.0)
    crossing = _cross(point - b, d - point) / denominator * (c - b)
    return Collapse(point, abs(_cross(point - b, crossing)))


def is_flat(points: Points) -> bool:
    """Whether all points lie on one line."""
    arms = points - points[0]
    longest = arms[np.abs(arms).sum(axis=1).argmax()]
    return not (arms[:, 0] * longest[1] - arms[:, 1] * longest[0]).any()


def _cross(a: complex, b: complex) -> float:
    return a.real * b.imag - a.imag * b.real
