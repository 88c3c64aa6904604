"""What a run measures of itself while it learns: the loss, and one task's own metric."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from diascope.errors import InputError, nearest
from diascope.models.family import VisionLanguageModel
from diascope.recordfile import RecordFile, spread
from diascope.records import Case
from diascope.tasks import task
from diascope.training.config import EvalConfig, TrainConfig
from diascope.training.feed import Feed
from diascope.training.loss import learn

_LOOKED_AT = 4
"""Cases looked at for each that is measured, where some may have no answer."""


@dataclass(frozen=True)
class Evaluation:
    """Cases that are never learnt from. `cases` is empty where the records have none."""

    model: VisionLanguageModel
    feed: Feed
    config: TrainConfig
    cases: Sequence[Case]
    task_cases: Sequence[Case]

    def measure(self) -> dict[str, float]:
        """The loss, and the primary metric of the chosen task under that task's name."""
        self.model.network.eval()
        with torch.no_grad():
            measured = {"loss": self._loss()}
            if self.task_cases:
                measured[str(self.config.evaluation.task)] = self._task_metric()
        return measured

    def better(self, name: str, value: float, best: float) -> bool:
        """Whether a measure has improved."""
        rising = name != "loss" and task(name).higher_is_better
        return value > best if rising else value < best

    def _loss(self) -> float:
        size = self.config.batch_size
        total = 0.0
        for start in range(0, len(self.cases), size):
            cases = self.cases[start : start + size]
            batch = self.feed.of(cases)
            total += learn(self.model, batch, self.config.loss).total.item()
        return total / len(self.cases)

    def _task_metric(self) -> float:
        from diascope.generation.answering import answer_cases

        asked = task(str(self.config.evaluation.task))
        replies = answer_cases(self.model, self.task_cases, self.feed.canvases)
        rows = [
            asked.measure(case, reply.answer)
            for case, reply in zip(self.task_cases, replies, strict=True)
        ]
        return float(asked.summarise(rows)[asked.primary])


def open_evaluation(model: VisionLanguageModel, feed: Feed, config: TrainConfig) -> Evaluation:
    """Answered cases of the evaluation split, spread evenly over the file."""
    records, chosen = RecordFile(config.resolve(config.data.records)), config.evaluation
    refuse_unknown(records, chosen)
    of_task = records.cases(split=chosen.split, task=chosen.task) if chosen.task else []
    return Evaluation(
        model,
        feed,
        config,
        answered(records.cases(split=chosen.split), chosen.limit),
        answered(of_task, chosen.task_limit),
    )


def answered(cases: Sequence[Case], limit: int) -> Sequence[Case]:
    """At most `limit` of the cases that are answered, and so are the turns before them."""
    looked_at = spread(cases, _LOOKED_AT * limit)
    known = [
        case
        for case in looked_at
        if all(turn.answer is not None for turn in case.record.turns[: case.index + 1])
    ]
    return spread(known, limit)


def refuse_unknown(records: RecordFile, chosen: EvalConfig) -> None:
    """InputError for a task or a split, other than the default one, that the file does not have."""
    wanted = [("task", chosen.task, records.tasks)]
    if chosen.split != EvalConfig().split:
        wanted.append(("split", chosen.split, records.splits))
    for name, value, valid in wanted:
        if value is not None and value not in valid:
            told = f"evaluation.{name}: {records.path} holds no {value!r}{nearest(value, valid)}"
            raise InputError(told)
