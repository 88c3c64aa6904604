"""Where decoded pixels lie on the picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.geometry import Size
from diascope.imaging.decoded import WHOLE, Grid

sides = st.integers(1, 5000)


@given(sides, sides, st.sampled_from([1, 2, 4, 8]))
def test_every_pixel_of_the_picture_has_one_that_stands_for_it(
    width: int, height: int, factor: int
) -> None:
    fewer = Grid(factor).size(Size(width, height))
    assert [factor * side for side in fewer] == pytest.approx([width, height], abs=factor - 1)
    assert fewer.width * factor >= width
    assert fewer.height * factor >= height


@given(st.integers(0, 700), st.sampled_from([2, 4]))
def test_a_band_begins_in_the_middle_of_the_first_pixel(number: int, factor: int) -> None:
    """The middle of its sample n is the middle of the picture's pixel n * factor."""
    x0, y0, x1, y1 = Grid(factor, 0.5 - 0.5 / factor).place((number * factor + 0.5,) * 4)
    assert {x0, y0, x1, y1} == {number + 0.5}


def test_a_whole_picture_is_where_it_is() -> None:
    assert WHOLE.place((1.5, 2.0, 3.25, 4.0)) == (1.5, 2.0, 3.25, 4.0)
    assert WHOLE.size(Size(3, 5)) == (3, 5)
