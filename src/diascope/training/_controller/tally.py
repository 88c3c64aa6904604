"""What was learnt of each task: losses, right tokens and entropies summed over examples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from diascope.training.loss import Learnt

DIGITS = 6
"""Significant digits that are logged of a mean."""


class Means(NamedTuple):
    """Of the examples of one task."""

    n: int
    """Examples."""
    loss: float
    """Of an example, as it is learnt from."""
    accuracy: float
    """Share of an answer's tokens that were the likeliest."""
    entropy: float
    """Of what might have come at a token of an answer, nats."""


class _Facts(NamedTuple):
    task: str
    loss: float
    right: float
    entropy: float


@dataclass(frozen=True)
class Tally:
    """Examples one by one, in the order that they came."""

    facts: list[_Facts] = field(default_factory=list)

    def add(self, tasks: Sequence[str], learnt: Learnt) -> None:
        """A packed row whose examples are of these tasks."""
        columns = (learnt.losses, learnt.right, learnt.entropy)
        rows = zip(tasks, *(column.tolist() for column in columns), strict=True)
        self.facts.extend(_Facts(*row) for row in rows)

    def losses(self) -> list[float]:
        """One an example."""
        return [each.loss for each in self.facts]

    def means(self) -> dict[str, Means]:
        """By task, in alphabetical order."""
        tasks = sorted({each.task for each in self.facts})
        return {task: _means([each for each in self.facts if each.task == task]) for task in tasks}


def _means(facts: Sequence[_Facts]) -> Means:
    columns = zip(*(each[1:] for each in facts), strict=True)
    return Means(len(facts), *map(_mean, columns))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return rounded(sum(listed) / len(listed))


def rounded(value: float) -> float:
    """To the digits that are logged."""
    return float(f"{value:.{DIGITS}g}")
