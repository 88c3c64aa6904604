"""Percentile intervals by resampling patients, from sufficient statistics.

A patient is drawn with every case that is theirs, so cases of one patient that stand and fall
together count as little as they should (the cluster bootstrap; Field and Welsh, 2007). A resample
is a row of multinomial counts, and all columns of all resamples are one matrix product; sets of
answers to the same cases go through the same resamples, which pairs their differences.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.metrics.sums import Array, Sums

Summarise = Callable[[Sums], Mapping[str, Array]]

LEVEL = 0.95
# a metric that is undefined in more than this share of the resamples gets no interval
_UNDEFINED = 0.05
_CHUNK = 4_000_000


class Bounds(NamedTuple):
    """The ends of a 95 % interval, nan where it is not defined."""

    low: float
    high: float


def by_patient(rows: Array, patients: NDArray[np.str_]) -> Array:
    """Rows [cases, columns] summed over each patient's cases: [patients, columns]."""
    names, which = np.unique(patients, return_inverse=True)
    sums = np.zeros((len(names), rows.shape[1]))
    np.add.at(sums, which, rows)
    return sums


def values(summarise: Summarise, columns: Sequence[str], sums: Array) -> dict[str, Array]:
    """Every metric of sums [..., columns]: arrays of the leading shape, nan where undefined."""
    found = summarise({name: sums[..., index] for index, name in enumerate(columns)})
    return {name: np.asarray(value, dtype=np.float64) for name, value in found.items()}


def resampled(tables: Sequence[Array], resamples: int, rng: np.random.Generator) -> list[Array]:
    """Sums of each [patients, columns] table over the same resamples: [resamples, columns] each."""
    side_by_side = np.concatenate(tables, axis=1)
    weights = _weights(len(side_by_side), resamples, rng)
    sums = np.concatenate([weight @ side_by_side for weight in weights])
    ends = np.cumsum([table.shape[1] for table in tables])[:-1]
    return np.split(sums, ends, axis=1)


def bounds(samples: Array) -> Bounds:
    """The 2.5th and 97.5th percentile of the defined resamples, if at most 5 % are undefined."""
    defined = samples[np.isfinite(samples)]
    if len(defined) == 0 or len(defined) < (1 - _UNDEFINED) * len(samples):
        return Bounds(np.nan, np.nan)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Bounds(float(low), float(high))


def _weights(patients: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """How often each resample draws each patient: [<= resamples, patients], in chunks."""
    share = np.full(patients, 1 / patients)
    chunk = max(1, _CHUNK // patients)
    for start in range(0, resamples, chunk):
        draws = rng.multinomial(patients, share, size=min(chunk, resamples - start))
        yield draws.astype(np.float64)
