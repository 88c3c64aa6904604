"""What a run measures of itself on cases that it never learns from: the losses, case by case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from diascope.errors import InputError, nearest
from diascope.models.family import VisionLanguageModel
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.training._controller.budget import ENOUGH
from diascope.training._controller.probe import answered, stratified
from diascope.training._controller.tally import Means, Tally
from diascope.training.evalconfig import EvalConfig
from diascope.training.feed import Feed
from diascope.training.loss import learn
from diascope.training.supervision import LossConfig


class Measured(NamedTuple):
    """What a look at the losses gave."""

    loss: float
    """Mean over the cases of the split as it is."""
    tasks: dict[str, Means]
    losses: tuple[float, ...]
    """Of every case, in the order of `Evaluation.every`."""


@dataclass(frozen=True)
class Evaluation:
    """Answered cases of the evaluation split; `cases` is empty where the records have none."""

    model: VisionLanguageModel
    feed: Feed
    loss: LossConfig
    batch_size: int
    cases: Sequence[Case]
    """Spread evenly over the file."""
    rare: Sequence[Case] = ()
    """More cases of those tasks that are rare among them."""

    @property
    def every(self) -> tuple[Case, ...]:
        """All cases, the rare tasks' own last."""
        return (*self.cases, *self.rare)

    def measure(self) -> Measured:
        """The losses; those of rare tasks' own cases count for their tasks alone."""
        self.model.network.eval()
        tally = Tally()
        with torch.no_grad():
            total = self._add(self.cases, tally) / len(self.cases)
            self._add(self.rare, tally)
        return Measured(total, tally.means(), tuple(tally.losses()))

    def _add(self, cases: Sequence[Case], tally: Tally) -> float:
        total = 0.0
        for start in range(0, len(cases), self.batch_size):
            batch = cases[start : start + self.batch_size]
            learnt = learn(self.model, self.feed.of(batch), self.loss)
            tally.add([case.turn.task for case in batch], learnt)
            total += learnt.total.item()
        return total


def open_evaluation(
    model: VisionLanguageModel, feed: Feed, loss: LossConfig, batch_size: int, asked: "Selection"
) -> Evaluation:
    """The cases that are looked at, those of rare tasks filled up to a number that says enough."""
    cases = answered(asked.records.cases(split=asked.split), asked.limit)
    return Evaluation(model, feed, loss, batch_size, cases, _rare(cases, asked))


class Selection(NamedTuple):
    """Which cases of a record file."""

    records: RecordFile
    split: str
    limit: int


def _rare(cases: Sequence[Case], asked: Selection) -> list[Case]:
    tasks, known = [case.turn.task for case in cases], {case.id for case in cases}
    found: list[Case] = []
    for task in asked.records.tasks:
        missing = min(ENOUGH, asked.limit) - tasks.count(task)
        more = stratified(asked.records.cases(split=asked.split, task=task), ENOUGH)
        found += [case for case in more if case.id not in known][: max(0, missing)]
    return found


def refuse_unknown(records: RecordFile, chosen: EvalConfig) -> None:
    """InputError for a task or a split, other than the default one, that the file does not have."""
    wanted = [("task", chosen.task, records.tasks)]
    wanted += [("mix", name, records.tasks) for name in chosen.mix]
    if chosen.split != EvalConfig().split:
        wanted.append(("split", chosen.split, records.splits))
    for name, value, valid in wanted:
        if value is not None and value not in valid:
            told = f"evaluation.{name}: {records.path} holds no {value!r}{nearest(value, valid)}"
            raise InputError(told)
