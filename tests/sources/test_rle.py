"""Run lengths: every spelling gives back the mask that was spelt, and hostile ones are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from diascope.geometry import Size
from diascope.sources._rle import coco_mask, kaggle_mask, skipping_mask
from diascope.sources.folder import Unreadable

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))


def size_of(mask):
    return Size(mask.shape[1], mask.shape[0])


def counts_of(mask):
    """Unset, set, unset, ... pixels down the columns."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return [0, *counts] if flat[0] else counts


def compressed(counts):
    """COCO's string, written from its description."""
    text = ""
    for place, count in enumerate(counts):
        left = count - counts[place - 2] if place > 2 else count
        while True:
            bits, left = left & 31, left >> 5
            is_last = left == (-1 if bits & 16 else 0)
            text += chr(48 + bits + (0 if is_last else 32))
            if is_last:
                break
    return text


@given(MASKS)
def test_the_spellings_of_kaggle_come_back(mask):
    counts = counts_of(mask)
    pairs = list(zip(counts[::2], counts[1::2], strict=False))
    skips = " ".join(f"{skipped} {length}" for skipped, length in pairs)
    ends = np.cumsum([skipped + length for skipped, length in pairs]).tolist()
    starts = " ".join(
        f"{end - length + 1} {length}" for end, (_, length) in zip(ends, pairs, strict=True)
    )
    assert np.array_equal(skipping_mask(skips, size_of(mask)), mask)
    assert np.array_equal(kaggle_mask(starts, size_of(mask)), mask)


@given(MASKS)
def test_the_spellings_of_coco_come_back(mask):
    counts = counts_of(mask)
    assert np.array_equal(coco_mask(counts, size_of(mask)), mask)
    assert np.array_equal(coco_mask(compressed(counts), size_of(mask)), mask)


def test_strings_of_the_reference_implementation_are_read():
    small = np.zeros((5, 4), bool)
    small[1:4, 1:3] = small[0, 3] = True
    assert np.array_equal(coco_mask("6320ON3", Size(4, 5)), small)
    large = np.zeros((40, 60), bool)
    large[3:35, 5:50] = True
    assert np.array_equal(coco_mask("[6P18" + "0" * 87 + "]<", Size(60, 40)), large)


def test_pixels_are_counted_from_one_by_kaggle_and_down_the_columns():
    mask = kaggle_mask("1 1 5 2", Size(width=2, height=4))
    assert np.argwhere(mask).tolist() == [[0, 0], [0, 1], [1, 1]]


@given(st.text(alphabet="0123456789 -OoPp~", max_size=40))
def test_hostile_text_is_a_mask_or_unreadable(text):
    for read in (kaggle_mask, skipping_mask, coco_mask):
        try:
            assert read(text, Size(3, 2)).shape == (2, 3)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("read", "runs"),
    [
        (kaggle_mask, "1 2 3"),
        (kaggle_mask, "0 2"),
        (kaggle_mask, "1 7"),
        (kaggle_mask, "1 -1"),
        (kaggle_mask, "1 x"),
        (skipping_mask, "5 2"),
        (skipping_mask, "2 2 -3 1"),
        (coco_mask, [6, 1]),
        (coco_mask, [5]),
        (coco_mask, [7, -1]),
        (coco_mask, "P"),
        (coco_mask, "~"),
        (coco_mask, "o" * 100_000),
    ],
)
def test_what_does_not_fit_the_image_is_refused(read, runs):
    with pytest.raises(Unreadable):
        read(runs, Size(3, 2))
