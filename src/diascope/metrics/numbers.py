"""Numbers: mean absolute and root mean squared error, R2, and the share within a distance.

Rule: a reply of None is as far off as the range allows, the larger distance from the truth to a
bound.
"""

import numpy as np

from diascope.metrics.sums import Array, Row, Sums, mean, ratio

WITHIN = (0, 1, 5)
"""Distances, in the unit of the number, that count as close."""


def row(truth: float, reply: float | None, low: float, high: float) -> Row:
    """One case in the range [low, high]: powers of the error and of the truth."""
    error = max(truth - low, high - truth) if reply is None else abs(reply - truth)
    close = {f"within_{k}": float(error <= k) for k in WITHIN}
    powers = {"n": 1.0, "error": error, "error_squared": error**2}
    return powers | close | {"truth": truth, "truth_squared": truth**2}


def mean_absolute_error(sums: Sums) -> Array:
    """MAE, in the unit of the number."""
    return mean(sums, "error")


def root_mean_squared_error(sums: Sums) -> Array:
    """RMSE, in the unit of the number."""
    return np.sqrt(mean(sums, "error_squared"))


def r_squared(sums: Sums) -> Array:
    """1 - residual / total sum of squares; nan where the truths do not vary."""
    total = sums["truth_squared"] - ratio(sums["truth"] ** 2, sums["n"])
    # Equal truths leave a rounding error, which is relative to the squares that cancelled.
    varied = total > 1e-12 * sums["truth_squared"]
    return 1 - ratio(sums["error_squared"], np.where(varied, total, 0.0))


def within(sums: Sums, distance: int) -> Array:
    """The share of cases at most `distance` off, one of WITHIN."""
    return mean(sums, f"within_{distance}")
