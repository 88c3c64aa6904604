import math
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.models.tiny import from_scratch
from diascope.recordfile import RecordFile, write_records
from diascope.records import Record
from diascope.training._controller.budget import ENOUGH
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.evaluation import Evaluation, Selection, open_evaluation, refuse_unknown
from diascope.training.feed import open_feed
from diascope.training.loop import train
from diascope.training.supervision import LossConfig


def opened(records: Path, limit: int, batch_size: int = 4) -> Evaluation:
    model, file = from_scratch(0), RecordFile(records)
    feed = open_feed(model, DataConfig(records=str(records)), records, 0)
    return open_evaluation(model, feed, LossConfig(), batch_size, Selection(file, "val", limit))


def test_the_loss_is_that_of_the_split_as_it_is(phantom: Path) -> None:
    """Cases that fill up rare tasks count for their tasks, and change the loss by nothing."""
    evaluation = opened(phantom, limit=8)
    assert len(evaluation.cases) == 8
    assert evaluation.rare
    measured = evaluation.measure()
    own = measured.losses[:8]
    assert measured.loss == pytest.approx(sum(own) / 8, rel=1e-5)
    assert len(measured.losses) == len(evaluation.every)
    assert sum(means.n for means in measured.tasks.values()) == len(evaluation.every)


def test_the_losses_stand_in_the_order_of_the_cases(phantom: Path) -> None:
    evaluation = opened(phantom, limit=4)
    measured = evaluation.measure()
    for task, means in measured.tasks.items():
        own = [
            loss
            for case, loss in zip(evaluation.every, measured.losses, strict=True)
            if case.turn.task == task
        ]
        assert means.n == len(own)
        assert means.loss == pytest.approx(sum(own) / len(own), rel=1e-4)


def test_every_task_has_cases_enough_and_none_twice(phantom: Path) -> None:
    evaluation, records = opened(phantom, limit=20), RecordFile(phantom)
    tasks = [case.turn.task for case in evaluation.every]
    for name in records.tasks:
        there = len(records.cases(split="val", task=name))
        assert tasks.count(name) >= min(ENOUGH, there)
    assert len({case.id for case in evaluation.every}) == len(evaluation.every)


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        ({"task": "detecton"}, "evaluation.task: .*'detecton', did you mean 'detection'"),
        ({"mix": {"reprot": 1.0}}, "evaluation.mix: .*'reprot', did you mean 'report'"),
        ({"split": "tset"}, "evaluation.split: .*'tset', did you mean 'test'"),
    ],
)
def test_a_name_that_is_not_there_is_told(
    phantom: Path, evaluation: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        refuse_unknown(RecordFile(phantom), EvalConfig.model_validate(evaluation))


def without_first_answer(record: Record) -> Record:
    first, *later = record.turns
    turns = (first.model_copy(update={"answer": None}), *later)
    return record.model_copy(update={"turns": turns})


def test_questions_without_an_answer_are_not_measured(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(phantom.parent / "images")
    records = [record for record in RecordFile(phantom) if record.split in ("train", "val")]
    emptied = [
        without_first_answer(record)
        if record.split == "val" and (number % 2 == 0 or len(record.turns) > 1)
        else record
        for number, record in enumerate(records)
    ]
    assert any(len(each.turns) > 1 and each.turns[0].answer is None for each in emptied)
    write_records(tmp_path / "records.jsonl", emptied)
    evaluation = opened(tmp_path / "records.jsonl", limit=1000)
    left = [each for each in emptied if each.split == "val" and each.turns[0].answer is not None]
    assert len(evaluation.cases) == len(left) > 0
    assert not evaluation.rare
    assert math.isfinite(evaluation.measure().loss)


def test_learning_from_a_question_without_an_answer_is_told(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(phantom.parent / "images")
    (first, *_) = (record for record in RecordFile(phantom) if record.split == "train")
    turns = tuple(turn.model_copy(update={"answer": None}) for turn in first.turns)
    write_records(tmp_path / "records.jsonl", [first.model_copy(update={"turns": turns})])
    config = TrainConfig(
        model=ModelConfig(scratch=True),
        data=DataConfig(records=str(tmp_path / "records.jsonl")),
        duration=Duration(steps=4),
        batch_size=2,
    )
    with pytest.raises(InputError, match=f"{first.id}#0 has no answer to learn from"):
        train(config, tmp_path / "run")
