"""Masks smaller than their image: regions as of the mask enlarged, proportions as of the image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diascope.geometry import Size
from diascope.sources._masks import regions
from diascope.sources._resized import resized_regions
from diascope.sources.folder import Unreadable


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.integers(1, 4))
def test_regions_are_those_of_the_mask_enlarged(mask, times):
    enlarged = np.kron(mask, np.ones((times, times), np.bool_))
    height, width = enlarged.shape
    found = resized_regions("lung", mask, Size(width, height), 3)
    assert found == regions("lung", enlarged, 3)


def test_a_side_that_was_rounded_is_no_other_proportion():
    mask = np.ones((25, 30), np.bool_)
    (found,) = resized_regions("lung", mask, Size(60, 51), 1)
    assert found.bounds == pytest.approx((0, 0, 60, 51))


def test_a_mask_of_other_proportions_is_refused():
    with pytest.raises(Unreadable, match="30 x 25 and 36 x 36"):
        resized_regions("lung", np.ones((25, 30), np.bool_), Size(36, 36), 1)
