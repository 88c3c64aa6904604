import numpy as np
import pytest

from diascope.metrics.sums import columns, f1, mean_defined, ratio


def test_ratio_is_nan_where_the_denominator_is_zero_and_warns_of_nothing():
    np.testing.assert_array_equal(
        ratio(np.array([1.0, 3.0, 0.0]), np.array([2.0, 0.0, 0.0])), [0.5, np.nan, np.nan]
    )
    assert ratio(np.array(1.0), np.array(4.0)) == 0.25


def test_mean_leaves_out_what_is_undefined():
    values = [np.array([1.0, np.nan, np.nan]), np.array([0.0, 0.5, np.nan])]
    np.testing.assert_array_equal(mean_defined(values), [0.5, 0.5, np.nan])


def test_f1_by_hand():
    assert f1(np.array(2.0), np.array(1.0), np.array(3.0)) == pytest.approx(4 / 8)


def test_columns_are_the_names_after_the_prefix():
    one = np.array(1.0)
    assert columns({"tp:b": one, "tp:a:c": one, "fp:a": one}, "tp:") == ["a:c", "b"]
