"""The canvas shows the image exactly where its map says, averaged, with black outside."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from diascope.answers import Box
from diascope.geometry import CanvasMap, Fit, Size
from diascope.imaging.canvas import draw, most_factor
from diascope.imaging.decoded import Grid

FITS: tuple[Fit, ...] = get_args(Fit)
sides = st.integers(60, 400)


def mapped(pixels: NDArray[np.uint8], how: Fit, side: int = 128) -> CanvasMap:
    return CanvasMap.fit(Size(pixels.shape[1], pixels.shape[0]), Size(side, side), how)


def extent(bright: NDArray[np.bool_]) -> tuple[float, float]:
    places = np.flatnonzero(bright)
    return (float(places[0]), float(places[-1] + 1))


@given(sides, sides, st.sampled_from(FITS))
def test_a_bright_box_is_drawn_where_the_map_places_it(height: int, width: int, how: Fit) -> None:
    pixels = np.zeros((height, width), np.uint8)
    x0, x1 = width * 2 // 5, width * 3 // 5
    y0, y1 = height * 2 // 5, height * 3 // 5
    pixels[y0:y1, x0:x1] = 255
    placed = mapped(pixels, how)
    rect = placed.place(Box(label="a", x0=x0, y0=y0, x1=x1, y1=y1)).rect
    assert rect is not None
    bright = draw(pixels, placed) > 127
    left, right = extent(bright.any(axis=0))
    top, bottom = extent(bright.any(axis=1))
    assert (left, top, right, bottom) == pytest.approx(rect, abs=1.01)


@given(sides, sides, st.sampled_from(FITS))
def test_the_image_fills_its_place_and_the_rest_is_black(height: int, width: int, how: Fit) -> None:
    pixels = np.full((height, width), 200, np.uint8)
    placed = mapped(pixels, how)
    drawn = draw(pixels, placed)
    x0, y0, x1, y1 = placed.rect_to_canvas((0, 0, width, height))
    xs, ys = (np.arange(128) + 0.5 for _ in "xy")
    inside = ((ys > y0 + 1) & (ys < y1 - 1))[:, None] & ((xs > x0 + 1) & (xs < x1 - 1))[None]
    outside = ((ys < y0 - 1) | (ys > y1 + 1))[:, None] | ((xs < x0 - 1) | (xs > x1 + 1))[None]
    assert (drawn[inside] == 200).all()
    assert (drawn[outside] == 0).all()


def test_an_image_of_the_canvas_size_is_drawn_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    for how in FITS:
        assert np.array_equal(draw(pixels, mapped(pixels, how)), pixels)


def test_downscaling_averages() -> None:
    checks = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    for how in FITS:
        drawn = draw(checks, mapped(checks, how))
        assert np.abs(drawn.astype(int) - 127).max() <= 2


@pytest.mark.parametrize("how", FITS)
def test_colour_is_drawn_channel_by_channel(how: Fit) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (90, 201, 3), np.uint8)
    drawn = draw(pixels, mapped(pixels, how))
    assert drawn.shape == (128, 128, 3)
    for channel in range(3):
        alone = draw(np.ascontiguousarray(pixels[..., channel]), mapped(pixels, how))
        assert np.array_equal(drawn[..., channel], alone)


def test_a_crop_shows_the_middle() -> None:
    pixels = np.zeros((100, 300), np.uint8)
    pixels[:, 100:200] = 250
    assert (draw(pixels, mapped(pixels, "crop", 50))[:, 1:-1] == 250).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_extreme_shapes_are_drawn(shape: tuple[int, int]) -> None:
    for how in FITS:
        drawn = draw(np.full(shape, 9, np.uint8), mapped(np.empty(shape, np.uint8), how))
        assert drawn.shape == (128, 128)
        assert 0 < drawn.max() <= 9  # a line thinner than a canvas pixel is drawn faintly


@given(
    st.integers(20, 90),
    st.integers(20, 90),
    st.sampled_from([2, 4]),
    st.sampled_from(["stretch", "crop"]),
)
def test_fewer_pixels_are_drawn_where_all_of_them_are(
    height: int, width: int, factor: int, how: Fit
) -> None:
    """Averages of blocks of the picture, which a canvas cannot tell from their pixels."""
    shades = np.add.outer(np.arange(height) * 0.7, np.arange(width) * 1.5).astype(np.uint8)
    pixels = shades.repeat(factor, axis=0).repeat(factor, axis=1)
    placed = mapped(pixels, how, 16)
    error = np.abs(draw(pixels, placed).astype(int) - draw(shades, placed, Grid(factor)))
    assert error.max() <= 2


@given(sides, sides, st.sampled_from(FITS), st.integers(1, 4))
def test_a_picture_is_not_decoded_to_fewer_pixels_than_the_density(
    height: int, width: int, how: Fit, density: int
) -> None:
    placed = mapped(np.empty((height, width), np.uint8), how, 16)
    most = most_factor(placed, density)
    assert most >= 1
    if most > 1:
        # canvas pixels for each decoded one, along the axis that has fewer of them
        assert max(placed.scale) * most == pytest.approx(1 / density)


def test_the_edge_of_a_picture_within_a_canvas_pixel_needs_all_pixels() -> None:
    assert most_factor(mapped(np.empty((448, 512), np.uint8), "pad", 32), 4) == pytest.approx(4)
    assert most_factor(mapped(np.empty((449, 512), np.uint8), "pad", 32), 4) == 1


def test_pixels_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(10, 20\) on a map for \(10, 20\)"):
        draw(np.zeros((10, 20), np.uint8), CanvasMap.fit(Size(10, 20), Size(8, 8), "pad"))
    with pytest.raises(ValueError, match=r"\(20, 10\) on a map for \(10, 20\)"):
        draw(np.zeros((20, 10), np.uint8), CanvasMap.fit(Size(10, 20), Size(8, 8), "pad"), Grid(2))
