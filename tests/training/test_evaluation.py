import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diascope.errors import InputError
from diascope.models.tiny import from_scratch, load
from diascope.recordfile import RecordFile, write_records
from diascope.records import Record
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.evaluation import Evaluation, open_evaluation
from diascope.training.feed import open_feed
from diascope.training.loop import train


def config(records: Path, **evaluation: object) -> TrainConfig:
    told = {"every": Duration(steps=2), "limit": 8} | evaluation
    return TrainConfig(
        model=ModelConfig(scratch=True),
        data=DataConfig(records=str(records)),
        duration=Duration(steps=4),
        batch_size=2,
        evaluation=EvalConfig.model_validate(told),
    )


def opened(settings: TrainConfig) -> Evaluation:
    model, records = from_scratch(0), Path(settings.data.records)
    return open_evaluation(model, open_feed(model, settings.data, records, 0), settings)


def test_the_best_by_a_task_is_what_a_run_ends_with(
    phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metric falls after the first look: the weights of that look are kept and given."""
    looks = iter([0.5, 0.25])
    monkeypatch.setattr(Evaluation, "_task_metric", lambda self: next(looks))
    run = tmp_path / "run"
    model = train(config(phantom, task="classification"), run)
    logged = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["val_classification"] for line in logged if "val_loss" in line] == [0.5, 0.25]
    best = load_file(run / "checkpoints/best-classification/weights.safetensors")
    last = load_file(run / "checkpoints/step-00000004/weights.safetensors")
    given = dict(load(model, torch.float32).network.named_parameters())
    assert all(torch.equal(given[name], best[name]) for name in best)
    assert not all(torch.equal(last[name], best[name]) for name in best)


def test_a_task_is_measured_by_its_own_metric(phantom: Path) -> None:
    measured = opened(config(phantom, task="counting", task_limit=3)).measure()
    assert set(measured) == {"loss", "counting"}
    assert measured["counting"] >= 0
    evaluation = opened(config(phantom, task="counting"))
    assert evaluation.better("counting", 1.0, 2.0)
    assert not evaluation.better("counting", 2.0, 1.0)


def test_what_is_not_a_number_is_never_the_best(
    phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([math.nan, 0.25])
    monkeypatch.setattr(Evaluation, "_task_metric", lambda self: next(looks))
    train(config(phantom, task="classification"), tmp_path / "run")
    state = json.loads((tmp_path / "run/checkpoints/step-00000004/state.json").read_text())
    assert state["best"]["classification"] == 0.25


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        ({"task": "detecton"}, "evaluation.task: .*'detecton', did you mean 'detection'"),
        ({"split": "tset"}, "evaluation.split: .*'tset', did you mean 'test'"),
    ],
)
def test_a_name_that_is_not_there_is_told(
    phantom: Path, evaluation: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        opened(config(phantom, **evaluation))


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
    evaluation = opened(config(tmp_path / "records.jsonl", limit=1000))
    left = [each for each in emptied if each.split == "val" and each.turns[0].answer is not None]
    assert len(evaluation.cases) == len(left) > 0
    assert math.isfinite(evaluation.measure()["loss"])


def test_learning_from_a_question_without_an_answer_is_told(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(phantom.parent / "images")
    (first, *_) = (record for record in RecordFile(phantom) if record.split == "train")
    turns = tuple(turn.model_copy(update={"answer": None}) for turn in first.turns)
    write_records(tmp_path / "records.jsonl", [first.model_copy(update={"turns": turns})])
    with pytest.raises(InputError, match=f"{first.id}#0 has no answer to learn from"):
        train(config(tmp_path / "records.jsonl"), tmp_path / "run")
