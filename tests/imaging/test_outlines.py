"""Outlines of masks: each encloses its region exactly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from diascope.imaging.outlines import numbered_outlines, outlines

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def area(outline) -> float:
    following = outline[1:] + outline[:1]
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(outline, following, strict=True)) / 2


def drawn(outline, shape) -> np.ndarray:
    """Pixels whose centre is inside, by crossings of a ray to the left."""
    ys, xs = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(outline, outline[1:] + outline[:1], strict=True):
        if x0 == x1:
            inside ^= (min(y0, y1) <= ys) & (ys < max(y0, y1)) & (x0 < xs)
    return inside


def test_a_rectangle_has_four_corners_clockwise() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:4, 2:7] = True
    assert outlines(mask) == (((2, 1), (7, 1), (7, 4), (2, 4)),)


def test_a_hole_is_filled_and_small_regions_are_left_out() -> None:
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    assert [area(each) for each in outlines(mask)] == [25]
    mask = np.array([[1, 0, 1, 1], [0, 0, 1, 1]], bool)
    assert [area(each) for each in outlines(mask)] == [4, 1]
    assert [area(each) for each in outlines(mask, least=2)] == [4]


def test_pixels_that_touch_at_a_corner_are_two_regions() -> None:
    assert len(outlines(np.eye(2, dtype=bool))) == 2
    bay = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], bool)
    (outline,) = outlines(bay)
    assert len(set(outline)) == len(outline) or area(outline) == 8


def test_nothing_has_no_outline() -> None:
    assert outlines(np.zeros((3, 3), bool)) == ()


@given(MASKS)
def test_outlines_enclose_their_regions_and_nothing_else(mask) -> None:
    regions, count = ndimage.label(mask)
    found = outlines(mask)
    assert len(found) == count
    filled = [ndimage.binary_fill_holes(regions == number) for number in range(1, count + 1)]
    expected = sorted(each.tobytes() for each in filled)
    assert sorted(drawn(each, mask.shape).tobytes() for each in found) == expected
    for outline in found:
        assert area(outline) == drawn(outline, mask.shape).sum()


@given(hnp.arrays(np.uint16, (7, 9), elements=st.integers(0, 3)))
def test_numbered_outlines_are_those_of_each_number(numbers) -> None:
    found = numbered_outlines(numbers)
    assert found.keys() == set(numbers[numbers > 0].tolist())
    for number, each in found.items():
        assert each == outlines(numbers == number)
