"""Runs that differ in their seed alone, taken together: an arm of an ablation.

What a run scored is kept as sums over each patient, in the order of the patients' names and without
them, so that arms can be compared long after their predictions are gone. A resample draws patients
and seeds, both with replacement, and the same ones for two arms that are compared: the interval
holds for other patients and for other seeds (a two-way bootstrap; Owen, 2007).
"""

import hashlib
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from diascope.errors import InputError
from diascope.metrics.sums import Array
from diascope.scoring.answered import Answered
from diascope.scoring.bootstrap import bounds, by_patient, values
from diascope.scoring.scorecard import Interval
from diascope.scoring.sheet import defined, fill
from diascope.tasks import task as task_named
from diascope.values import Value

_DIGITS = 6
"""Kept of every sum: a result file is read by people too."""


class PatientSums(Value):
    """What one run scored in one group of cases."""

    task: str
    group: str
    """The data set that the cases are of; empty for all together."""
    n: int
    invalid: int
    patients_sha256: str
    """Of the sorted names: equal where the patients are the same, in the same order."""
    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    """[patients, columns]"""

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.task}: {self.group}" if self.group else self.task


def patient_sums(answered: Sequence[Answered], by_dataset: bool = False) -> list[PatientSums]:
    """The sums of one task's cases, all together or one data set at a time."""
    if not by_dataset:
        return [_summed(answered, "")]
    ordered = sorted(answered, key=_dataset)
    return [_summed(list(some), name) for name, some in groupby(ordered, _dataset)]


def seeds_score(runs: Sequence[PatientSums], resamples: int, seed: int) -> Interval:
    """The primary metric as the mean over runs, for other patients and other seeds."""
    drawn, point = _sampled([runs], resamples, seed)[0]
    return _interval(point, drawn, len(runs[0].rows))


def seeds_difference(
    first: Sequence[PatientSums], second: Sequence[PatientSums], resamples: int, seed: int
) -> Interval:
    """How much better the first arm is than the second; positive is better.

    Runs at the same place are of the same seed. InputError where the patients are not the same.
    """
    (one, here), (two, there) = _sampled([first, second], resamples, seed)
    sign = 1 if task_named(first[0].task).higher_is_better else -1
    return _interval(sign * (here - there), sign * (one - two), len(first[0].rows))


def _dataset(each: Answered) -> str:
    return each.case.record.dataset


def _summed(answered: Sequence[Answered], group: str) -> PatientSums:
    task = task_named(answered[0].case.turn.task)
    answers = [each.answer for each in answered]
    sheet = fill(task, [each.case for each in answered], {"reply": answers})
    names = "\n".join(sorted(set(sheet.patients.tolist())))
    rows = by_patient(sheet.rows["reply"], sheet.patients)
    return PatientSums(
        task=task.name,
        group=group,
        n=len(answered),
        invalid=sum(answer is None for answer in answers),
        patients_sha256=hashlib.sha256(names.encode()).hexdigest(),
        columns=sheet.columns,
        rows=tuple(tuple(float(f"{value:.{_DIGITS}g}") for value in row) for row in rows),
    )


def _sampled(
    arms: Sequence[Sequence[PatientSums]], resamples: int, seed: int
) -> list[tuple[Array, float]]:
    """For each arm its metric in every resample, [resamples], and as it is."""
    _refuse_others([run for arm in arms for run in arm])
    rng = np.random.default_rng(seed)
    num_patients, num_seeds = len(arms[0][0].rows), min(map(len, arms))
    share = np.full(num_patients, 1 / num_patients)
    weights = rng.multinomial(num_patients, share, size=resamples).astype(np.float64)
    chosen = rng.integers(num_seeds, size=(num_seeds, resamples))
    return [_of_arm(arm[:num_seeds], weights, chosen) for arm in arms]


def _of_arm(
    runs: Sequence[PatientSums], weights: Array, chosen: NDArray[np.int64]
) -> tuple[Array, float]:
    drawn = np.stack([_metric(run, weights @ np.array(run.rows)) for run in runs])
    points = [_metric(run, np.array(run.rows).sum(axis=0)) for run in runs]
    return np.take_along_axis(drawn, chosen, axis=0).mean(axis=0), float(np.mean(points))


def _metric(run: PatientSums, sums: Array) -> Array:
    task = task_named(run.task)
    return values(task.summarise_sums, run.columns, sums)[task.primary]


def _interval(value: float, samples: Array, num_patients: int) -> Interval:
    low, high = bounds(samples) if num_patients > 1 else (np.nan, np.nan)
    return Interval(value=defined(value), low=defined(low), high=defined(high))


def _refuse_others(runs: Sequence[PatientSums]) -> None:
    about = {(run.task, run.group, run.patients_sha256) for run in runs}
    if len(about) > 1:
        told = ", ".join(sorted({run.name for run in runs}))
        raise InputError(f"{told}: not the same patients were asked; predict the same cases again")
