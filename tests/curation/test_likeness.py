"""Likeness: a moved copy is found again to a fraction of a pixel, another picture is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, map_coordinates

from diascope.curation.likeness import likeness

RNG = np.random.default_rng(4)
LARGE = np.stack([gaussian_filter(RNG.standard_normal((96, 96)), 1.5) for _ in range(120)])
LARGE = 128 + 150 * LARGE


def seen(
    picture: np.ndarray, stretch: tuple[float, float], shift: tuple[float, float]
) -> np.ndarray:
    """A thumbnail from the middle of a large picture, stretched and shifted, in pixels."""
    middle = np.arange(64) - 31.5
    rows, columns = (47.5 + middle * s + o for s, o in zip(stretch, shift, strict=True))
    sampled = map_coordinates(picture, np.meshgrid(rows, columns, indexing="ij"), order=3)
    return np.clip(sampled, 0, 255).astype(np.uint8)


MOVED = st.floats(0.92, 1.08), st.floats(-3, 3)


@settings(max_examples=25)
@given(st.tuples(MOVED[0], MOVED[0]), st.tuples(MOVED[1], MOVED[1]), st.integers(0, 119))
def test_a_moved_copy_is_recognised(
    stretch: tuple[float, float], shift: tuple[float, float], which: int
) -> None:
    still = seen(LARGE[which], (1, 1), (0, 0))[None]
    moved = seen(LARGE[which], stretch, shift)[None]
    assert likeness(still, moved)[0] > 0.97
    assert likeness(moved, still)[0] > 0.97


def test_other_pictures_are_not() -> None:
    thumbnails = np.stack([seen(each, (1, 1), (0, 0)) for each in LARGE])
    assert np.abs(likeness(thumbnails, np.roll(thumbnails, 1, axis=0))).max() < 0.7
    assert likeness(thumbnails, thumbnails).min() > 0.999


@pytest.mark.parametrize(("contrast", "brightness"), [(0.5, 0), (0.7, 60), (1, 20)])
def test_brightness_and_contrast_are_free(contrast: float, brightness: float) -> None:
    still = seen(LARGE[0], (1, 1), (0, 0))
    changed = (still * contrast + brightness).clip(0, 255).astype(np.uint8)
    assert likeness(still[None], changed[None])[0] > 0.995


def test_flat_pictures_are_like_nothing() -> None:
    flat = np.full((2, 64, 64), 7, np.uint8)
    assert likeness(flat, flat).tolist() == pytest.approx([0, 0], abs=1e-3)
    assert len(likeness(flat[:0], flat[:0])) == 0
