"""Fingerprints: the same for the same pixels, through bytes unchanged, blind to size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from diascope.curation.fingerprint import BYTES, SIDE, Fingerprint, Fingerprints, fingerprint
from diascope.errors import InputError

GREY = array_shapes(min_dims=2, max_dims=2, max_side=40)
PIXELS = st.one_of(GREY, GREY.map(lambda shape: (*shape, 3))).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


@settings(max_examples=40)
@given(PIXELS)
def test_bytes_bring_it_back(pixels: np.ndarray) -> None:
    taken = fingerprint(pixels)
    assert len(taken.to_bytes()) == BYTES
    assert Fingerprint.from_bytes(taken.to_bytes()) == taken


@settings(max_examples=40)
@given(PIXELS)
def test_the_layout_in_memory_is_no_part_of_it(pixels: np.ndarray) -> None:
    strided = np.asfortranarray(np.repeat(pixels, 2, axis=1))[:, ::2]
    assert fingerprint(strided) == fingerprint(pixels)


@settings(max_examples=40)
@given(PIXELS, st.data())
def test_one_pixel_makes_another_digest(pixels: np.ndarray, data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, side - 1)) for side in pixels.shape)
    other = pixels.copy()
    other[place] ^= 1
    assert fingerprint(other).digest != fingerprint(pixels).digest


def test_shape_is_a_part_of_the_digest() -> None:
    flat = np.zeros((2, 6), np.uint8)
    assert fingerprint(flat).digest != fingerprint(flat.reshape(3, 4)).digest
    assert fingerprint(flat).digest != fingerprint(flat.reshape(2, 2, 3)).digest


def test_known_bytes() -> None:
    # a change of what a fingerprint is would make those stored before useless
    ramp = np.arange(SIDE * SIDE, dtype=np.uint32).reshape(SIDE, SIDE) // 16
    taken = fingerprint(ramp.astype(np.uint8))
    assert taken.digest.hex() == "125da5fff4ace4fc7bed0b3293dbf016"
    assert taken.thumbnail == ramp.astype(np.uint8).tobytes()


def test_a_thumbnail_averages_and_squeezes() -> None:
    halves = np.repeat([[0, 200]], 300, axis=1).repeat(128, axis=0).astype(np.uint8)
    thumbnail = np.frombuffer(fingerprint(halves).thumbnail, np.uint8).reshape(SIDE, SIDE)
    assert (thumbnail[:, : SIDE // 2 - 2] == 0).all()
    assert (thumbnail[:, SIDE // 2 + 2 :] == 200).all()


def test_colour_counts_by_luminance() -> None:
    green = np.zeros((9, 9, 3), np.uint8)
    green[..., 1] = 255
    assert set(fingerprint(green).thumbnail) == {150}


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4)),
        np.zeros(4, np.uint8),
        np.zeros((4, 0), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3, 1), np.uint8),
    ],
)
def test_what_is_no_picture(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pixels of shape"):
        fingerprint(wrong)


@settings(max_examples=40)
@given(st.binary(max_size=BYTES + 40).filter(lambda raw: len(raw) != BYTES))
def test_bytes_of_another_length(raw: bytes) -> None:
    with pytest.raises(InputError, match=f"{BYTES} bytes, not {len(raw)};"):
        Fingerprint.from_bytes(raw)


def test_many_as_arrays() -> None:
    taken = [fingerprint(np.full((5, 5), level, np.uint8)) for level in (3, 200)]
    table = Fingerprints.of(taken)
    assert len(table) == 2
    assert [row.tobytes() for row in table.digests] == [each.digest for each in taken]
    assert table.thumbnails.mean((1, 2)).tolist() == [3, 200]
    assert len(Fingerprints.of([])) == 0
    with pytest.raises(ValueError, match="thumbnails of shape"):
        Fingerprints(table.digests, table.thumbnails[:1])
