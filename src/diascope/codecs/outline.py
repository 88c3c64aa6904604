"""Polygons with few vertices: clipping to a window, and simplification that keeps the area.

Points are (x, y) pairs in the rows of [n, 2] arrays; a polygon is closed by itself.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_NOISE = 1e-9
_FAR = 1e3
"""How many times a side's length its neighbour may be slid along it: beyond, lines hardly meet."""


class Window(NamedTuple):
    """An upright rectangle: its upper left and its lower right corner, each (x, y)."""

    low: tuple[float, float]
    high: tuple[float, float]


class Collapse(NamedTuple):
    """One point in place of two neighbours, and the area that changes sides by it, doubled."""

    point: NDArray[np.float64]
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
    """At most so many vertices, at least three, and the same area.

    Collapses the cheapest segment into a point, again and again (Kronenfeld, Stanislawski,
    Buttenfield and Brockmeyer 2020: simplification of polylines by segment collapse).
    """
    if len(points) <= vertices:
        return points
    costs = np.array([_collapse(points, at).cost for at in range(len(points))])
    while len(points) > vertices:
        at = int(costs.argmin())
        points = points.copy()
        points[at] = _collapse(points, at).point
        gone = (at + 1) % len(points)
        points, costs = np.delete(points, gone, axis=0), np.delete(costs, gone)
        at -= gone == 0
        for near in range(at - 2, at + 2):
            costs[near % len(points)] = _collapse(points, near).cost
    return points


def _collapse(points: Points, at: int) -> Collapse:
    """What becomes of the segment from point `at` to the next one."""
    a, b, c, d = (points[(at + step) % len(points)] for step in (-1, 0, 1, 2))
    height_b, height_c = _cross(d - a, b - a), _cross(d - a, c - a)
    # The height over AD at which a triangle has the area of ABCD.
    height = -_cross(b - a, c - a) - _cross(c - a, d - a)
    on_one_side = height_b * height_c > 0
    on_first = abs(height_b) >= abs(height_c) if on_one_side else height_b * height > 0
    line, over = ((a, b, c, d), height_b) if on_first else ((d, c, b, a), height_c)
    if abs(height) <= _FAR * abs(over) and over:
        return _slide(*line, height / over)
    return Collapse((b + c) / 2, abs(height) + abs(height_b))


def _slide(a: Points, b: Points, c: Points, d: Points, share: float) -> Collapse:
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


def _cross(a: Points, b: Points) -> float:
    return float(a[0] * b[1] - a[1] * b[0])
