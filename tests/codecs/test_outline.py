"""Simplification measured by the overlap of what is drawn, and clipping."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from diascope.codecs.outline import Points, Window, clip, is_flat, simplify


def around(number: int, radius: np.ndarray | float, wide: float = 1.0) -> Points:
    angles = np.arange(number) * 2 * np.pi / number
    return np.stack([200 + radius * wide * np.cos(angles), 200 + radius * np.sin(angles)], axis=1)


def star(number: int) -> Points:
    return around(number, 100 + 45 * np.cos(np.arange(number) * 2 * np.pi / number * 5))


def crescent(number: int) -> Points:
    angles = np.linspace(0.3, 2 * np.pi - 0.3, number // 2)
    outer = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 120
    inner = np.stack([np.cos(angles), np.sin(angles)], axis=1)[::-1] * 70
    return 200 + np.concatenate([outer, inner])


def drawn(points: Points) -> np.ndarray:
    image = Image.new("1", (1600, 1600))
    ImageDraw.Draw(image).polygon([(4 * x, 4 * y) for x, y in points], fill=1)
    return np.asarray(image)


def overlap(a: Points, b: Points) -> float:
    one, two = drawn(a), drawn(b)
    return float((one & two).sum() / (one | two).sum())


def area(points: Points) -> float:
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


@pytest.mark.parametrize(
    ("points", "vertices", "least"),
    [
        (around(64, 100), 16, 0.97),
        (around(64, 40, wide=4.0), 16, 0.97),
        (around(500, 150), 8, 0.9),
        (star(200), 20, 0.93),
        (crescent(120), 16, 0.9),
    ],
    ids=["circle", "ellipse", "eight", "star", "crescent"],
)
def test_a_simplified_polygon_covers_what_it_did(
    points: Points, vertices: int, least: float
) -> None:
    simple = simplify(points, vertices)
    assert len(simple) == vertices
    assert overlap(points, simple) >= least
    assert area(simple) == pytest.approx(area(points), rel=1e-6)


def test_a_simple_polygon_stays_as_it_is() -> None:
    points = around(12, 50)
    assert simplify(points, 12) is points


def test_points_on_a_line_go_first() -> None:
    square = np.array([(0, 0), (5, 0), (10, 0), (10, 10), (4, 10), (0, 10), (0, 3)], np.float64)
    assert sorted(map(tuple, simplify(square, 4))) == [(0, 0), (0, 10), (10, 0), (10, 10)]


def test_a_triangle_is_the_least() -> None:
    assert len(simplify(around(40, 100), 3)) == 3


def test_an_outline_of_thousands_of_points_is_simplified() -> None:
    rough = around(3000, 150 + np.random.default_rng(0).normal(0, 0.5, 3000))
    assert overlap(rough, simplify(rough, 16)) >= 0.95


def test_clipping_keeps_what_is_inside() -> None:
    square = np.array([(-5, -5), (15, -5), (15, 5), (-5, 5)], np.float64)
    inside = clip(square, Window((0, 0), (10, 10)))
    assert sorted(map(tuple, inside)) == [(0, 0), (0, 5), (10, 0), (10, 5)]


def test_clipping_leaves_the_inside_alone_and_drops_the_outside() -> None:
    window = Window((0, 0), (400, 400))
    assert clip(around(8, 50), window) is not None
    assert (clip(around(8, 50), window) == around(8, 50)).all()
    assert len(clip(around(8, 50) + 900, window)) == 0


def test_what_is_flat() -> None:
    assert is_flat(np.array([(1, 1), (1, 1), (1, 1)]))
    assert is_flat(np.array([(0, 0), (2, 1), (4, 2), (-2, -1)]))
    assert not is_flat(np.array([(0, 0), (2, 1), (4, 3)]))
