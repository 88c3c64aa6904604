import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error as sklearn_mae
from sklearn.metrics import r2_score
from sklearn.metrics import root_mean_squared_error as sklearn_rmse

from diascope.metrics.numbers import (
    mean_absolute_error,
    r_squared,
    root_mean_squared_error,
    row,
    within,
)


def test_by_hand(total):
    sums = total([row(2, 2, 0, 10), row(4, 5, 0, 10), row(6, 0, 0, 10)])
    assert mean_absolute_error(sums) == pytest.approx(7 / 3)
    assert root_mean_squared_error(sums) == pytest.approx((37 / 3) ** 0.5)
    assert r_squared(sums) == pytest.approx(1 - 37 / 8)
    assert [within(sums, k) for k in (0, 1, 5)] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize("seed", range(3))
def test_equals_sklearn(total, seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(50, 9, 40)
    reply = truth + rng.normal(0, 4, 40)
    sums = total([row(a, b, 0, 100) for a, b in zip(truth, reply, strict=True)])
    assert mean_absolute_error(sums) == pytest.approx(sklearn_mae(truth, reply))
    assert root_mean_squared_error(sums) == pytest.approx(sklearn_rmse(truth, reply))
    assert r_squared(sums) == pytest.approx(r2_score(truth, reply))


@pytest.mark.parametrize(("truth", "error"), [(2.0, 8.0), (9.0, 9.0)])
def test_an_invalid_reply_is_as_far_off_as_the_range_allows(truth, error):
    scored = row(truth, None, 0, 10)
    assert scored["error"] == error
    assert scored["error_squared"] == error**2
    assert scored["within_5"] == 0.0


def test_r_squared_is_undefined_for_one_case_or_equal_truths(total):
    assert np.isnan(r_squared(total([row(3, 4, 0, 10)])))
    for value, times in ((33.3333, 3), (0.1, 6), (1.1, 7)):  # each leaves a rounding error
        assert np.isnan(r_squared(total([row(value, 4, 0, 100)] * times)))
