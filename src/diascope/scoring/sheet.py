"""The sheet of one task: a row of statistics for every case, once per set of answers to it."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Answer
from diascope.metrics.sums import Array, Row
from diascope.records import Case
from diascope.scoring.bootstrap import bounds, by_patient, resampled, values
from diascope.scoring.scorecard import Interval
from diascope.tasks.task import Task


@dataclass(frozen=True)
class Sheet:
    """Statistics of one task, of which every table, subgroup and interval is a weighted sum.

    Patients are told apart by their name alone: where two datasets share a name, taking them for
    one person keeps the interval on the safe side.
    """

    task: Task
    columns: tuple[str, ...]
    rows: Mapping[str, Array]
    """[cases, columns] by set of answers; a column that a case's row lacks is 0."""
    patients: NDArray[np.str_]

    @property
    def num_patients(self) -> int:
        """How many patients the cases come from."""
        return len(np.unique(self.patients))

    def subset(self, chosen: NDArray[np.bool_]) -> "Sheet":
        """The same sheet with some of its cases."""
        rows = {name: matrix[chosen] for name, matrix in self.rows.items()}
        return Sheet(self.task, self.columns, rows, self.patients[chosen])

    def point(self, answers: str) -> dict[str, Array]:
        """Every metric of one set of answers, each of shape []."""
        return values(self.task.summarise_sums, self.columns, self.rows[answers].sum(axis=0))

    def each(self, answers: str) -> Array:
        """The primary metric of every case by itself: [cases]."""
        return values(self.task.summarise_sums, self.columns, self.rows[answers])[self.task.primary]

    def samples(
        self, names: Sequence[str], resamples: int, seed: int
    ) -> dict[str, dict[str, Array]]:
        """Every metric of several sets of answers over the same resamples: [resamples] each."""
        tables = [by_patient(self.rows[name], self.patients) for name in names]
        rng = np.random.default_rng([seed, zlib.crc32(self.task.name.encode())])
        sums = resampled(tables, resamples, rng)
        return {
            name: values(self.task.summarise_sums, self.columns, part)
            for name, part in zip(names, sums, strict=True)
        }

    def interval(self, value: Array, samples: Array) -> Interval:
        """A value with its interval; a single patient says nothing of how patients differ."""
        low, high = bounds(samples) if self.num_patients > 1 else (np.nan, np.nan)
        return Interval(value=defined(value), low=defined(low), high=defined(high))


def fill(task: Task, cases: Sequence[Case], sets: Mapping[str, Sequence[Answer | None]]) -> Sheet:
    """Measure every set of answers against the truth of the same cases."""
    answers = zip(*sets.values(), strict=True)
    measured = [_measured(task, *pair) for pair in zip(cases, answers, strict=True)]
    columns = tuple(dict.fromkeys(name for rows in measured for row in rows for name in row))
    rows = dict(zip(sets, _stack(measured, columns), strict=True))
    return Sheet(task, columns, rows, np.array([case.record.patient for case in cases]))


def defined(value: Array | float) -> float | None:
    """The number, or None for one that is not finite."""
    return float(value) if np.isfinite(value) else None


def _measured(task: Task, case: Case, answers: Sequence[Answer | None]) -> list[Row]:
    """A row for every answer to one case; equal answers are measured once."""
    rows = {answer: task.measure(case, answer) for answer in set(answers)}
    return [rows[answer] for answer in answers]


def _stack(measured: Sequence[Sequence[Row]], columns: Sequence[str]) -> Array:
    """[sets, cases, columns]."""
    place = {name: index for index, name in enumerate(columns)}
    stacked = np.zeros((len(measured[0]), len(measured), len(columns)))
    for case, rows in enumerate(measured):
        for answers, row in enumerate(rows):
            for name, value in row.items():
                stacked[answers, case, place[name]] = value
    return stacked
