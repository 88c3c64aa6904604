"""Mask pictures: black or not, of their image's size, in regions at their place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Picture

from diascope.geometry import Size
from diascope.imaging.outlines import outlines
from diascope.sources._masks import read_mask, regions
from diascope.sources.folder import Folder, Unreadable


@pytest.mark.parametrize("white", [1, 255])
def test_a_mask_is_what_is_not_black(tmp_path, white):
    pixels = np.zeros((4, 6), np.uint8)
    pixels[1:3, 2:5] = white
    Picture.fromarray(pixels).save(tmp_path / "mask.png")
    mask = read_mask(Folder(tmp_path), "mask.png", Size(6, 4))
    assert np.array_equal(mask, pixels > 0)


def test_a_mask_of_another_size_is_refused(tmp_path):
    Picture.new("L", (6, 4)).save(tmp_path / "mask.png")
    with pytest.raises(Unreadable, match="6 x 4, its image 4 x 6"):
        read_mask(Folder(tmp_path), "mask.png", Size(4, 6))


def test_what_is_no_picture_is_refused_without_its_folder(tmp_path):
    (tmp_path / "mask.png").write_text("no picture")
    with pytest.raises(Unreadable) as told:
        read_mask(Folder(tmp_path), "mask.png", Size(4, 6))
    assert str(tmp_path) not in str(told.value)


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.integers(1, 4))
def test_regions_are_the_largest_outlines_at_their_place(mask, limit):
    found = [region.polygon for region in regions("lesion", mask, limit)]
    assert found == list(outlines(mask)[:limit])
