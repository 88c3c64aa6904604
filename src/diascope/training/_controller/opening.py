"""Opens the controller of a run: which cases are looked at, and how many."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.tasks import task as task_named
from diascope.training._controller.budget import CASE, CHARACTER, ENOUGH, Plan, Work, plan
from diascope.training._controller.history import History
from diascope.training._controller.looks import Looks
from diascope.training._controller.probe import answered, stratified
from diascope.training._controller.replies import Asked, ask
from diascope.training.config import TrainConfig
from diascope.training.controller import Controller, Picture
from diascope.training.course import Leg
from diascope.training.evalconfig import EvalConfig
from diascope.training.evaluation import Selection, open_evaluation, refuse_unknown
from diascope.training.optimconfig import Duration

_FITTED_ON = 256
"""Training cases of a task that its trivial baseline is fitted on."""


def open_controller(
    model: VisionLanguageModel,
    legs: Sequence[Leg],
    config: TrainConfig,
    folder: Path,
    picture: Picture,
) -> Controller:
    """What is watched of a run; InputError for tasks or a split that the records do not have."""
    records, chosen = RecordFile(config.resolve(config.data.records)), config.evaluation
    refuse_unknown(records, chosen)
    sample = _probe(records, chosen, ENOUGH)
    missing = sorted({*chosen.mix} - {*sample})
    if missing:
        told = f"evaluation.mix: split {chosen.split!r} has no answered case of {missing[0]!r}"
        raise InputError(f"{told}; leave it out of the mix, or name another evaluation.split")
    planned = plan(chosen, _work(model, legs, chosen, sample))
    asked = Selection(records, chosen.split, planned.limit)
    looks = Looks(folder / "looks")
    looks.write_plan(planned)
    return Controller(
        chosen,
        open_evaluation(model, legs[0].feed, config.loss, config.batch_size, asked),
        _asked(model, records, config, _probe(records, chosen, planned.replies)),
        _pulls(records, config.data.split, planned),
        planned,
        looks,
        picture,
    )


def history_of(metrics: Path) -> History:
    """What a run that is resumed has logged of its tasks."""
    history = History()
    if metrics.is_file():
        for line in metrics.read_text(encoding="utf-8").splitlines():
            history.add(json.loads(line))
    return history


def _probe(records: RecordFile, chosen: EvalConfig, number: int) -> dict[str, Sequence[Case]]:
    """By task, the cases that are answered; the task that chooses has more of them."""
    found: dict[str, Sequence[Case]] = {}
    for task in records.tasks:
        cases = records.cases(split=chosen.split, task=task)
        chooses = task == chosen.task
        found[task] = answered(cases, chosen.task_limit) if chooses else stratified(cases, number)
    return {task: cases for task, cases in found.items() if cases}


def _work(
    model: VisionLanguageModel,
    legs: Sequence[Leg],
    chosen: EvalConfig,
    sample: Mapping[str, Sequence[Case]],
) -> Work:
    replies = [_cost(model, case) for cases in sample.values() for case in cases]
    return Work(
        examples=sum(leg.num_steps * leg.step_size for leg in legs),
        looks=times(legs, chosen.every),
        gradients=times(legs, chosen.gradients_every),
        tasks=len(sample),
        reply=sum(replies) / max(1, len(replies)),
    )


def times(legs: Sequence[Leg], every: Duration) -> int:
    """How often something is done in a run: every so often, and at the end."""
    whole = legs[-1].end
    lengths = [leg.steps(every, whole) for leg in legs]
    whole_ones = sum(
        leg.end // length - leg.start // length for leg, length in zip(legs, lengths, strict=True)
    )
    return whole_ones + (whole % lengths[-1] > 0)


def _cost(model: VisionLanguageModel, case: Case) -> float:
    """Examples that a reply costs."""
    return CASE + CHARACTER * len(model.target(case, case.truth))


def _asked(
    model: VisionLanguageModel,
    records: RecordFile,
    config: TrainConfig,
    probe: Mapping[str, Sequence[Case]],
) -> dict[str, Asked]:
    return {
        task: ask(
            task_named(task),
            cases,
            [model.target(case, case.truth) for case in cases],
            answered(records.cases(split=config.data.split, task=task), _FITTED_ON),
        )
        for task, cases in probe.items()
    }


def _pulls(records: RecordFile, split: str, planned: Plan) -> dict[str, Sequence[Case]]:
    found = {
        task: stratified(records.cases(split=split, task=task), planned.gradients)
        for task in records.tasks
    }
    return {task: cases for task, cases in found.items() if cases}
