"""Maps of a picture: points, polygons, spacing and pixels agree with one another."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from diascope.codecs import outline as codec_outline
from diascope.geometry import Size
from diascope.imaging.affine import (
    Matrix,
    about_centre,
    apply,
    clip,
    keeps_picture,
    mirror,
    moved_spacing,
    onto_picture,
    outline,
    polygon_area,
    warp,
)

SIZE = Size(60, 40)
coordinates = st.floats(-80, 140, allow_subnormal=False).map(lambda value: round(value, 3))
points = st.tuples(coordinates, coordinates)
polygons = st.lists(points, min_size=3, max_size=9, unique=True).map(np.array)
turns = st.floats(-180, 180)
factors = st.floats(0.3, 3)


def noise(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def assert_level(drawn: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    assert np.abs(drawn.astype(int) - expected).max() <= 1  # Pillow cuts fractions of a level off


@given(turns, factors)
def test_the_centre_stays_and_lengths_grow_by_the_factor(degrees: float, factor: float) -> None:
    matrix = about_centre(SIZE, degrees, factor)
    centre, corner = apply(matrix, np.array([(30.0, 20.0), (0.0, 0.0)]))
    assert centre == pytest.approx((30, 20))
    assert np.hypot(*(corner - centre)) == pytest.approx(factor * np.hypot(30, 20))
    assert np.linalg.det(matrix) == pytest.approx(factor**2)


def test_a_positive_turn_is_clockwise_on_the_screen() -> None:
    assert apply(about_centre(SIZE, 90, 1), np.array([(40.0, 20.0)])) == pytest.approx(
        np.array([(30.0, 30.0)])
    )


def test_a_window_becomes_the_whole_picture() -> None:
    matrix = onto_picture((10.0, 5.0, 40.0, 25.0), SIZE)
    assert apply(matrix, outline((10.0, 5.0, 40.0, 25.0))) == pytest.approx(outline((0, 0, 60, 40)))


@pytest.mark.parametrize(
    ("matrix", "keeps"),
    [
        (np.eye(3), True),
        (mirror(SIZE), True),
        (about_centre(SIZE, 180, 1), True),
        (about_centre(SIZE, 90, 1), False),
        (about_centre(SIZE, 1, 1), False),
        (about_centre(SIZE, 0, 0.9), False),
        (onto_picture((0, 0, 59, 40), SIZE), False),
    ],
)
def test_only_maps_of_corners_on_corners_keep_the_picture(matrix: Matrix, keeps: bool) -> None:
    assert keeps_picture(matrix, SIZE) is keeps


@given(polygons)
def test_a_clipped_polygon_is_the_one_that_the_codecs_see(polygon: NDArray[np.float64]) -> None:
    expected = codec_outline.clip(polygon, codec_outline.Window((0.0, 0.0), (60.0, 40.0)))
    inside = clip(polygon, SIZE)
    assert len(inside) == len(expected)
    if len(inside):
        assert polygon_area(inside) == pytest.approx(polygon_area(expected), abs=1e-6)
        assert (inside >= -1e-9).all()
        assert (inside <= np.array(SIZE) + 1e-9).all()


@given(polygons, turns, factors)
def test_area_grows_by_the_determinant(
    polygon: NDArray[np.float64], degrees: float, factor: float
) -> None:
    moved = apply(about_centre(SIZE, degrees, factor), polygon)
    assert polygon_area(moved) == pytest.approx(factor**2 * polygon_area(polygon), abs=1e-6)


@given(turns, factors, st.booleans())
def test_millimetres_between_points_are_kept(degrees: float, factor: float, flip: bool) -> None:
    matrix = about_centre(SIZE, degrees, factor) @ (mirror(SIZE) if flip else np.eye(3))
    spacing = moved_spacing(matrix, (0.4, 0.4))
    assert spacing is not None
    before = np.array([(3.0, 4.0), (50.0, 31.0)])
    after = apply(matrix, before)
    assert np.hypot(*((after[1] - after[0]) * spacing)) == pytest.approx(
        np.hypot(*((before[1] - before[0]) * 0.4))
    )


def test_spacing_follows_a_stretch_and_is_unknown_where_axes_are_skewed() -> None:
    stretch = onto_picture((0.0, 0.0, 30.0, 40.0), SIZE)
    assert moved_spacing(stretch, (0.4, 0.6)) == pytest.approx((0.2, 0.6))
    assert moved_spacing(about_centre(SIZE, 20, 1), (0.4, 0.6)) is None


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3)])
def test_pixels_move_as_points_do(shape: tuple[int, ...]) -> None:
    pixels = noise(shape)
    assert np.array_equal(warp(pixels, np.eye(3)), pixels)
    assert np.array_equal(warp(pixels, mirror(SIZE)), pixels[:, ::-1])
    assert_level(warp(pixels, about_centre(SIZE, 180, 1)), pixels[::-1, ::-1])
    square = np.ascontiguousarray(pixels[:, :40])
    quarter = warp(square, about_centre(Size(40, 40), 90, 1))
    assert_level(quarter, np.rot90(square, -1))


@given(turns, factors)
def test_outside_is_black_and_inside_is_not(degrees: float, factor: float) -> None:
    matrix = about_centre(SIZE, degrees, factor)
    drawn = warp(np.full((40, 60), 200, np.uint8), matrix)
    y, x = np.indices(drawn.shape) + 0.5
    there = apply(np.linalg.inv(matrix), np.stack([x.ravel(), y.ravel()], axis=1))
    depth = np.minimum(there, np.array(SIZE) - there).min(axis=1).reshape(drawn.shape)
    margin = 1.5 / min(factor, 1.0)
    assert (drawn[depth > margin] == 200).all()
    assert (drawn[depth < -margin] == 0).all()


@given(st.floats(0.25, 0.9), st.floats(-5, 5))
def test_shrinking_averages(factor: float, degrees: float) -> None:
    checks = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assume(abs(degrees) > 0.1)
    middle = warp(checks, about_centre(Size(400, 400), degrees, factor))[180:220, 180:220]
    single = np.abs(checks.astype(int) - 127).mean()
    assert np.abs(middle.astype(int) - 127).mean() < 0.45 * single


def test_halving_is_the_mean_of_four() -> None:
    pixels = noise((80, 80))
    drawn = warp(pixels, about_centre(Size(80, 80), 0, 0.5))[20:60, 20:60]
    means = pixels.reshape(40, 2, 40, 2).mean(axis=(1, 3))
    assert np.abs(drawn - means).max() <= 1
