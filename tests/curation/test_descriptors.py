"""Descriptors: blind to brightness, exact for mirror images, and a window is the crop to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from diascope.curation.descriptors import WHOLE, WINDOWS, Describer, Window, frequencies, mirrored
from diascope.curation.fingerprint import Fingerprints, fingerprint

RNG = np.random.default_rng(0)
PICTURES = [
    np.clip(128 + 900 * gaussian_filter(RNG.standard_normal((200, 240)), 9), 0, 255)
    for _ in "a" * 40
]


def found(pictures: list[np.ndarray]) -> np.ndarray:
    taken = Fingerprints.of([fingerprint(each.astype(np.uint8)) for each in pictures])
    return frequencies(taken.thumbnails, np.arange(len(pictures)))


def cut(picture: np.ndarray, window: Window) -> np.ndarray:
    (top, bottom), (left, right) = (
        (round(span.start * side), round(span.end * side))
        for span, side in zip(window, picture.shape, strict=True)
    )
    return picture[top:bottom, left:right]


DESCRIBER = Describer.fitted(found(PICTURES))


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_is_described_as_the_crop_to_it(window: Window) -> None:
    asked = DESCRIBER.describe(found(PICTURES), window)
    cropped = DESCRIBER.describe(found([cut(each, window) for each in PICTURES]), WHOLE)
    apart = np.linalg.norm(asked[:, None] - cropped[None], axis=2)
    assert (apart.argmin(1) == np.arange(len(PICTURES))).all()
    assert np.median(apart.diagonal()) < 0.25 * np.median(apart)
    if window != WHOLE:
        whole = DESCRIBER.describe(found(PICTURES), WHOLE)
        assert np.median(apart.diagonal()) < np.median(np.linalg.norm(whole - cropped, axis=1))


def test_a_mirror_image_is_described_without_drawing_it() -> None:
    drawn = found([each[:, ::-1] for each in PICTURES])
    assert np.abs(mirrored(found(PICTURES)) - drawn).max() < 0.1
    assert np.abs(found(PICTURES) - drawn).max() > 10


@settings(max_examples=25)
@given(st.floats(0.3, 1), st.floats(0, 60))
def test_brightness_and_contrast_do_not_count(contrast: float, brightness: float) -> None:
    here = np.asarray(found(PICTURES[:4]))
    there = here * contrast
    there[:, 0] += brightness
    apart = DESCRIBER.describe(here, WHOLE) - DESCRIBER.describe(there, WHOLE)
    assert np.abs(apart).max() < 0.01


def test_axes_come_from_the_pictures_alone() -> None:
    assert (Describer.fitted(found(PICTURES)).axes == DESCRIBER.axes).all()
    assert DESCRIBER.axes.shape == (63, 16)
