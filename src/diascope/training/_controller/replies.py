"""What the model replies on a probe of each task, and what the replies are worth."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diascope.answers import Answer
from diascope.predictions import Invalid, Prediction
from diascope.records import Case
from diascope.tasks.task import Task
from diascope.training._controller.tally import rounded


class Worth(NamedTuple):
    """The replies to one task's probe."""

    n: int
    invalid: int
    metric: str
    """The task's primary metric."""
    value: float | None
    """None where it is not defined on so few cases."""
    baseline: float | None
    """Of the trivial predictor, on the same cases."""
    way: float | None
    """How far the replies have come from the baseline (0) to the truth (1), at least -1."""
    distinct: int
    """Replies that differ."""
    alike: int
    """Replies that are the most frequent one."""
    true_alike: int
    """Truths that are the most frequent one, as the model would write them."""


@dataclass(frozen=True)
class Asked:
    """The probe of one task."""

    task: Task
    cases: Sequence[Case]
    truths: Sequence[str]
    """As the model would write them."""
    baseline: float | None
    best: float | None
    """Of the truth itself."""

    def worth(self, replies: Sequence[Prediction]) -> Worth:
        """Measure one reply a case."""
        value = measured(self.task, self.cases, [reply.answer for reply in replies])
        said = [reply.text for reply in replies]
        return Worth(
            n=len(replies),
            invalid=sum(isinstance(reply.outcome, Invalid) for reply in replies),
            metric=self.task.primary,
            value=value,
            baseline=self.baseline,
            way=self._way(value),
            distinct=len(set(said)),
            alike=_alike(said),
            true_alike=_alike(self.truths),
        )

    def _way(self, value: float | None) -> float | None:
        if value is None or self.baseline is None or self.best is None:
            return None
        span = self.best - self.baseline
        return rounded(max(-1.0, (value - self.baseline) / span)) if span else None


def ask(
    task: Task, cases: Sequence[Case], truths: Sequence[str], training: Sequence[Case]
) -> Asked:
    """A probe, and what the trivial predictor of the training cases makes of it."""
    baseline = None
    if training:
        predictor = task.baseline(training)
        baseline = measured(task, cases, [predictor(case) for case in cases])
    return Asked(task, cases, truths, baseline, measured(task, cases, [c.truth for c in cases]))


def measured(task: Task, cases: Sequence[Case], answers: Sequence[Answer | None]) -> float | None:
    """The primary metric; None where it is not defined."""
    rows = [task.measure(case, answer) for case, answer in zip(cases, answers, strict=True)]
    value = float(task.summarise(rows)[task.primary])
    return rounded(value) if math.isfinite(value) else None


def _alike(texts: Sequence[str]) -> int:
    return max(Counter(texts).values())
