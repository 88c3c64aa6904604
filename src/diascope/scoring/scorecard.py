"""The Scorecard: what a set of predictions is worth, task by task, with everything beside it.

Nothing here stands alone: a value comes with its interval, its number of cases and patients, the
invalid replies in it, the trivial baseline on the same cases, and what the format itself can reach.
A value that is not defined is null.
"""

import os
from pathlib import Path
from typing import Literal, NamedTuple, Self

from diascope.predictionfile import Provenance, read_value, relative_path, write_atomically
from diascope.values import Value

SCORES = "scores.json"
WITHHELD = "withheld: records are restricted"
"""In place of words out of records that must not leave the machine: scores may."""
Verdict = Literal["better", "unclear", "worse", "no baseline"]


class Interval(Value):
    """A value and its 95 % interval, by resampling patients."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Counts(Value):
    """Of how many cases a score is made."""

    n: int
    """Cases asked that have a true answer; every one is in the score."""
    patients: int
    invalid: int
    """Replies that are no answer, scored as the worst case; `missing` included."""
    missing: int = 0
    """Cases asked that have no reply at all."""
    repaired: int = 0
    cut: int = 0
    """Objects of the truth that the model's canvas shows in part or not at all."""


class MetricScore(Value):
    """One metric of one task."""

    metric: str
    higher_is_better: bool
    score: Interval
    without_invalid: float | None = None
    """The value over the replies that can be read: shown beside the score, never in its place."""
    baseline: float | None = None
    """The trivial baseline, fitted on the training cases, on the same cases."""
    difference: Interval = Interval()
    """How much better than the baseline; positive is better, whichever way the metric runs."""
    ceiling: float | None = None
    """The truth itself after it went through the text format."""
    best: float | None = None
    """The truth itself."""

    @property
    def way(self) -> float | None:
        """How far the score has come from the baseline (0) to the truth (1)."""
        if self.score.value is None or self.baseline is None or self.best is None:
            return None
        span = self.best - self.baseline
        return (self.score.value - self.baseline) / span if span else None


class Spread(Value):
    """How varied some answers are."""

    n: int
    distinct: int
    commonest: str
    """The most frequent one as JSON, or its text where it cannot be read, or WITHHELD."""
    share: float
    """The share of the most frequent one."""


class Collapse(Value):
    """Whether the replies are fewer and more alike than the truth is."""

    replies: Spread | None
    truth: Spread
    alarm: bool


class Sample(Value):
    """A case to look at, why it was chosen, and the primary metric of that case alone."""

    case: str
    why: Literal["random", "worst", "invalid"]
    value: float | None = None


class GroupScore(Value):
    """The primary metric in one subgroup."""

    group: str
    counts: Counts
    score: MetricScore


class TaskScore(Value):
    """One task: every metric, the primary one first."""

    task: str
    counts: Counts
    chance: float | None
    """The primary metric of replies that do not look: random legal ones, or shuffled truths."""
    metrics: tuple[MetricScore, ...]
    collapse: Collapse
    samples: tuple[Sample, ...]
    groups: tuple[GroupScore, ...] = ()

    @property
    def primary(self) -> MetricScore:
        """The metric that the task is judged by."""
        return self.metrics[0]


class Row(NamedTuple):
    """One line of the headline table: a task by its primary metric."""

    task: str
    counts: Counts
    metric: MetricScore
    chance: float | None
    alarm: bool

    @property
    def verdict(self) -> Verdict:
        """Against the baseline: better or worse only where the whole interval says so."""
        return verdict(self.metric.difference)


class Scorecard(Value):
    """The scores of one set of predictions."""

    predictions: str
    """The folder of predictions; in scores.json, relative to it."""
    records: str
    """The record file; in scores.json, relative to it."""
    provenance: Provenance
    level: float = 0.95
    resamples: int
    seed: int
    by: str | None = None
    """What the subgroups are made by."""
    tasks: tuple[TaskScore, ...]

    @property
    def name(self) -> str:
        """What tables call this set of predictions."""
        return self.provenance.name

    @property
    def asked(self) -> int:
        """Cases with a true answer, over all tasks."""
        return sum(task.counts.n for task in self.tasks)

    @property
    def invalid(self) -> int:
        """Replies that are no answer, over all tasks."""
        return sum(task.counts.invalid for task in self.tasks)

    def table(self) -> list[Row]:
        """The headline table, one row a task."""
        return [
            Row(task.task, task.counts, task.primary, task.chance, task.collapse.alarm)
            for task in self.tasks
        ]

    def task(self, name: str) -> TaskScore | None:
        """One task's score, or None where it was not asked."""
        return next((task for task in self.tasks if task.task == name), None)

    def write(self, path: Path) -> Path:
        """Write scores.json, whole or not at all, into a folder or under a name of its own."""
        path = path / SCORES if path.is_dir() else path
        path.parent.mkdir(parents=True, exist_ok=True)
        places = {
            name: relative_path(Path(place), path.parent)
            for name, place in (("predictions", self.predictions), ("records", self.records))
        }
        text = self.model_copy(update=places).model_dump_json(indent=1)
        return write_atomically(path, text + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read scores.json, or the one in a folder; InputError where there is none."""
        path = path / SCORES if path.is_dir() else path
        card = read_value(cls, path)
        places = {
            name: os.path.normpath(path.parent.resolve() / place)
            for name, place in (("predictions", card.predictions), ("records", card.records))
        }
        return card.model_copy(update=places)


def verdict(difference: Interval) -> Verdict:
    """What a paired difference says; an interval that touches 0 says nothing."""
    if difference.value is None:
        return "no baseline"
    if difference.low is not None and difference.low > 0:
        return "better"
    if difference.value < 0 if difference.high is None else difference.high < 0:
        return "worse"
    return "unclear"
