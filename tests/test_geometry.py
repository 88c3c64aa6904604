"""Geometry: conventions are inverse, the canvas map is exact, what a crop cuts is counted."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Box
from diascope.geometry import (
    BoxFormat,
    CanvasMap,
    Fit,
    Order,
    Rect,
    Size,
    Space,
    area,
    intersect,
    iou,
    iou_matrix,
)

FORMATS = [
    BoxFormat(order=order, space=space) for order in get_args(Order) for space in get_args(Space)
]
FITS: tuple[Fit, ...] = get_args(Fit)
ROUNDING = {"xyxy": 0.5, "yxyx": 0.5, "xywh": 1.0, "cxcywh": 0.75}
"""Steps by which rounding the four numbers may move a corner; a size has a rounding of its own."""

sizes = st.builds(Size, st.integers(1, 3000), st.integers(1, 3000))
canvases = st.sampled_from([Size(224, 224), Size(448, 448), Size(128, 128), Size(896, 512)])
formats = st.sampled_from(FORMATS)
fits = st.sampled_from(FITS)


@st.composite
def rects(draw: st.DrawFn, size: Size) -> Rect:
    xs, ys = (
        sorted(draw(st.lists(st.integers(0, 64 * side), min_size=2, max_size=2, unique=True)))
        for side in size
    )
    return (xs[0] / 64, ys[0] / 64, xs[1] / 64, ys[1] / 64)


@st.composite
def placed(draw: st.DrawFn) -> tuple[CanvasMap, Box]:
    size = draw(sizes)
    x0, y0, x1, y1 = draw(rects(size))
    box = Box(label="a", x0=x0, y0=y0, x1=x1, y1=y1)
    return CanvasMap.fit(size, draw(canvases), draw(fits)), box


@given(formats, sizes, st.data())
def test_read_is_the_inverse_of_write(format: BoxFormat, frame: Size, data: st.DataObject) -> None:
    rect = data.draw(rects(frame))
    assert format.read(format.write(rect, frame), frame) == pytest.approx(rect, abs=1e-6)


def test_the_conventions_are_what_their_names_say() -> None:
    frame, rect = Size(200, 100), (20.0, 10.0, 60.0, 50.0)
    spelled = {
        ("xyxy", "pixels"): (20, 10, 60, 50),
        ("xywh", "pixels"): (20, 10, 40, 40),
        ("cxcywh", "pixels"): (40, 30, 40, 40),
        ("yxyx", "pixels"): (10, 20, 50, 60),
        ("xyxy", "unit"): (0.1, 0.1, 0.3, 0.5),
        ("xyxy", "percent"): (10, 10, 30, 50),
        ("yxyx", "permille"): (100, 100, 500, 300),
        ("yxyx", "bins1024"): (102.3, 102.3, 511.5, 306.9),
    }
    for (order, space), numbers in spelled.items():
        format = BoxFormat.model_validate({"order": order, "space": space})
        assert format.write(rect, frame) == pytest.approx(numbers)


@given(placed(), formats)
def test_a_written_box_comes_back_within_half_a_step(
    placing: tuple[CanvasMap, Box], format: BoxFormat
) -> None:
    canvas, box = placing
    inside = canvas.place(box).rect
    if inside is None:
        return
    step = 1e-3 if format.space == "unit" else 1.0
    rounded = tuple(round(n / step) * step for n in format.write(inside, canvas.canvas_size))
    a, b, c, d = rounded
    back = canvas.rect_to_original(format.read((a, b, c, d), canvas.canvas_size))
    true = canvas.rect_to_original(inside)
    # a step of the format on the canvas, in original pixels along x and y
    units = BoxFormat(space=format.space).write((0, 0, 1, 1), canvas.canvas_size)[2:]
    for axis in (0, 1):
        pixels = ROUNDING[format.order] * step / units[axis] / canvas.scale[axis]
        assert abs(back[axis] - true[axis]) <= pixels + 1e-6
        assert abs(back[axis + 2] - true[axis + 2]) <= pixels + 1e-6


@given(placed())
def test_the_canvas_map_is_invertible(placing: tuple[CanvasMap, Box]) -> None:
    canvas, box = placing
    there = canvas.rect_to_canvas(box.corners)
    assert canvas.rect_to_original(there) == pytest.approx(box.corners, abs=1e-6)


@given(sizes, canvases)
def test_each_fit_lays_the_image_where_it_says(size: Size, canvas: Size) -> None:
    whole = (0.0, 0.0, float(size.width), float(size.height))
    full = (0.0, 0.0, float(canvas.width), float(canvas.height))
    stretch, pad, crop = (CanvasMap.fit(size, canvas, how) for how in FITS)
    assert stretch.rect_to_canvas(whole) == pytest.approx(full)
    for mapped, fitting in ((pad, max), (crop, min)):
        x0, y0, x1, y1 = mapped.rect_to_canvas(whole)
        assert mapped.scale[0] == mapped.scale[1]
        assert x0 + x1 == pytest.approx(canvas.width)
        assert y0 + y1 == pytest.approx(canvas.height)
        shares = ((x1 - x0) / canvas.width, (y1 - y0) / canvas.height)
        assert fitting(shares) == pytest.approx(1)
    assert area(intersect(pad.rect_to_canvas(whole), full)) == pytest.approx(
        area(pad.rect_to_canvas(whole))
    )
    assert area(intersect(crop.rect_to_canvas(whole), full)) == pytest.approx(area(full))


@given(placed())
def test_the_visible_share_is_that_of_the_area(placing: tuple[CanvasMap, Box]) -> None:
    canvas, box = placing
    window = canvas.rect_to_original((0.0, 0.0, float(canvas.canvas[0]), float(canvas.canvas[1])))
    share = area(intersect(box.corners, window)) / area(box.corners)
    assert canvas.visible(box) == pytest.approx(share, abs=1e-6)
    assert (canvas.place(box).rect is None) == (canvas.visible(box) == 0)


@given(sizes, canvases, st.data())
def test_only_a_crop_cuts(size: Size, canvas: Size, data: st.DataObject) -> None:
    x0, y0, x1, y1 = data.draw(rects(size))
    box = Box(label="a", x0=x0, y0=y0, x1=x1, y1=y1)
    for how in ("stretch", "pad"):
        assert CanvasMap.fit(size, canvas, how).visible(box) == pytest.approx(1, abs=1e-6)


def test_a_crop_counts_what_it_cuts() -> None:
    crop = CanvasMap.fit(Size(200, 100), Size(50, 50), "crop")  # shows x from 50 to 150
    for x0, x1, share in (
        (60, 140, 1.0),
        (0, 100, 0.5),
        (40, 60, 0.5),
        (0, 50, 0.0),
        (0, 200, 0.5),
    ):
        box = Box(label="a", x0=x0, y0=10, x1=x1, y1=20)
        assert crop.visible(box) == pytest.approx(share)
    gone = crop.place(Box(label="a", x0=0, y0=10, x1=50, y1=20))
    assert gone.rect is None
    half = crop.place(Box(label="a", x0=0, y0=10, x1=100, y1=20))
    assert half.rect == pytest.approx((0, 5, 25, 10))


def test_the_digest_tells_maps_apart() -> None:
    maps = [CanvasMap.fit(Size(w, 100), Size(50, 50), how) for w in (100, 200) for how in FITS]
    # a square on a square is the same map in all three ways
    assert len({mapped.digest for mapped in maps}) == 4
    assert maps[0].digest == CanvasMap.model_validate_json(maps[0].model_dump_json()).digest


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 10, 10), 1.0),
        ((0, 0, 10, 5), 0.5),
        ((5, 5, 15, 15), 25 / 175),
        ((10, 0, 20, 10), 0.0),
        ((11, 11, 12, 12), 0.0),
        ((3, 3, 3, 3), 0.0),
    ],
)
def test_iou(other: Rect, expected: float) -> None:
    rect = (0.0, 0.0, 10.0, 10.0)
    assert iou(rect, other) == pytest.approx(expected)
    assert iou(other, rect) == iou(rect, other)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2**32))
def test_the_matrix_agrees_with_single_pairs(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (
        np.concatenate(
            [low := rng.uniform(0, 50, (n, 2)), low + rng.uniform(0, 50, (n, 2))], axis=1
        )
        for n in (rows, columns)
    )
    matrix = iou_matrix(a, b)
    assert matrix.shape == (rows, columns)
    for i, one in enumerate(a.tolist()):
        for j, other in enumerate(b.tolist()):
            assert matrix[i, j] == pytest.approx(iou(tuple(one), tuple(other)))


def test_a_box_too_thin_to_measure_is_not_visible() -> None:
    placed = CanvasMap.fit(Size(640, 480), Size(128, 128), "stretch")
    thin = Box(label="x", x0=0.0, y0=0.0, x1=1e-200, y1=1e-200)
    assert placed.place(thin) == (None, 0.0)
