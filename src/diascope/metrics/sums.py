"""Sums of rows: what every metric is computed from."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Row = Mapping[str, float]
"""The sufficient statistics of one case, by column; a missing column is 0."""
Sums = Mapping[str, Array]
"""Column to weighted sum, of any shape: a scalar, or one value a bootstrap resample."""


def ratio(numerator: Array, denominator: Array) -> Array:
    """numerator / denominator, nan where the denominator is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    undefined = np.full(top.shape, np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=bottom != 0))


def mean(sums: Sums, column: str) -> Array:
    """The mean of a column over the cases, which every row counts in `n`."""
    return ratio(sums[column], sums["n"])


def f1(tp: Array, fp: Array, fn: Array) -> Array:
    """Harmonic mean of precision and recall; nan where there was nothing to find or report."""
    return ratio(2 * tp, 2 * tp + fp + fn)


def mean_defined(values: list[Array]) -> Array:
    """The mean over a list, of what is not nan; nan where nothing is."""
    stacked = np.stack(values)
    defined = ~np.isnan(stacked)
    return ratio(np.where(defined, stacked, 0.0).sum(axis=0), defined.sum(axis=0))


def columns(sums: Sums, prefix: str) -> list[str]:
    """What follows `prefix` in the names of the columns that start with it, sorted."""
    return sorted(name.removeprefix(prefix) for name in sums if name.startswith(prefix))
