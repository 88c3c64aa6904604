"""Boxes on whole steps: which numbers are legal, how many there are, and what they spell."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diascope.codecs.grid import Axis, Cells, Grid
from diascope.geometry import BoxFormat, CanvasMap, Order, Size, Space

ORDERS = get_args(Order)
ONE_PIXEL = CanvasMap.fit(Size(1, 1), Size(224, 224), "stretch")
STRIP = CanvasMap.fit(Size(100, 40), Size(60, 60), "crop")


def every_box(grid: Grid) -> list[Cells]:
    boxes: list[tuple[int, ...]] = [()]
    for _ in range(4):
        boxes = [(*box, value) for box in boxes for value in grid.values(box)]
    return [(a, b, c, d) for a, b, c, d in boxes]


@pytest.mark.parametrize("order", ORDERS)
def test_completions_are_the_boxes_that_there_are(order: Order) -> None:
    canvas = CanvasMap.fit(Size(4, 3), Size(224, 224), "stretch")
    grid = Grid(canvas, BoxFormat(order=order))
    boxes = every_box(grid)
    assert len(set(boxes)) == len(boxes) == grid.completions(()) > 0
    for box, length in product(boxes, range(5)):
        begin = sum(other[:length] == box[:length] for other in boxes)
        assert grid.completions(box[:length]) == begin


@pytest.mark.parametrize(("order", "space"), list(product(ORDERS, get_args(Space))))
def test_every_legal_box_is_what_its_rectangle_spells(order: Order, space: Space) -> None:
    rng = st.integers(0, 2**30)

    @settings(max_examples=40, deadline=None)
    @given(rng, rng, rng, rng, st.sampled_from(["pad", "crop", "stretch"]))
    def legal(a: int, b: int, c: int, d: int, how: str) -> None:
        canvas = CanvasMap.fit(Size(301, 97), Size(224, 448), how)
        grid = Grid(canvas, BoxFormat(order=order, space=space))
        cells: tuple[int, ...] = ()
        for draw in (a, b, c, d):
            values = grid.values(cells)
            cells = (*cells, values[draw % len(values)])
        box = (cells[0], cells[1], cells[2], cells[3])
        assert grid.holds(box)
        assert grid.cells(grid.rect(box)) == box

    legal()


@pytest.mark.parametrize("order", ORDERS)
def test_an_image_of_one_pixel_has_a_box(order: Order) -> None:
    grid = Grid(ONE_PIXEL, BoxFormat(order=order))
    cells = grid.cells((0.0, 0.0, 1.0, 1.0))
    assert cells is not None
    assert grid.holds(cells)


@pytest.mark.parametrize(
    ("order", "cells"),
    [
        ("xyxy", (10, 20, 30, 60)),
        ("yxyx", (20, 10, 60, 30)),
        ("xywh", (10, 20, 20, 40)),
        ("cxcywh", (20, 40, 20, 40)),
    ],
)
def test_orders(order: Order, cells: Cells) -> None:
    canvas = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")
    grid = Grid(canvas, BoxFormat(order=order))
    assert grid.cells((10.2, 19.8, 30.4, 60.3)) == cells
    assert grid.rect(cells) == (10, 20, 30, 60)


def test_numbers_stay_within_what_a_crop_shows() -> None:
    grid = Grid(STRIP, BoxFormat())
    assert (grid.x.low, grid.x.high, grid.y.low, grid.y.high) == (30, 70, 0, 40)
    assert grid.cells((0, -9, 50.4, 99)) == (30, 0, 50, 40)
    assert grid.cells((0, 0, 30, 40)) is None
    assert grid.cells((69.9, 10, 200, 10.2)) == (69, 10, 70, 11)


def test_a_padded_canvas_shows_what_lies_beside_the_image() -> None:
    canvas = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")
    grid = Grid(canvas, BoxFormat(space="permille"))
    assert grid.cells((0, 0, 640, 480)) == (0, 125, 1000, 875)
    assert grid.rect((0, 0, 1000, 1000)) == pytest.approx((0, -80, 640, 560))


@pytest.mark.parametrize("order", ORDERS)
def test_a_box_is_at_least_one_step_wide(order: Order) -> None:
    canvas = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")
    grid = Grid(canvas, BoxFormat(order=order, space="percent"))
    for corner in (0.0, 0.3, 100.0, 318.4, 479.9):
        cells = grid.cells((corner, corner, corner + 0.001, corner + 0.001))
        assert cells is not None
        assert grid.holds(cells)


def test_a_number_closes_when_all_of_its_boxes_are_used() -> None:
    grid = Grid(CanvasMap.fit(Size(2, 1), Size(8, 8), "stretch"), BoxFormat())
    assert grid.open((), []).closed == frozenset()
    assert grid.open((), [(1, 0, 2, 1)]).closed == {1}
    assert grid.open((), [(1, 0, 2, 1)], copies=2).closed == frozenset()
    assert grid.open((0, 0), [(0, 0, 1, 1)]).closed == {1}
    assert grid.open((0, 0, 1), []).values == range(1, 2)
    assert grid.open((0, 0), [(0, 0, 1, 1)]).holds_some(1, 2)
    assert not grid.open((0, 0), [(0, 0, 1, 1)]).holds_some(1, 1)


def test_huge_numbers_are_only_clipped() -> None:
    for order, space in product(ORDERS, get_args(Space)):
        grid = Grid(STRIP, BoxFormat(order=order, space=space))
        cells = grid.cells((-1e308, -1e308, 1e308, 1e308))
        assert cells is not None
        assert grid.holds(cells)


def test_a_centre_reaches_half_a_step_beyond_the_edge() -> None:
    axis = Axis(0, 5, 0.0, 5.0, "cxcywh")
    assert axis.write(0.0, 5.0) == (2, 5)
    assert list(axis.seconds(0)) == [1]
    assert list(axis.seconds(2)) == [1, 2, 3, 4, 5]
    assert axis.read(0, 1) == (-0.5, 0.5)
