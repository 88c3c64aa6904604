"""Every family is trained, saved, loaded, and answers in its own dialect."""

import json
import math
from pathlib import Path

import pytest
import torch

from diascope.generation.predict import Asked, open_model, predict
from diascope.models import family
from diascope.models.composition import Composition
from diascope.models.transformer import Transformer
from diascope.predictionfile import PredictionFile
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.loop import metrics, start_model, train
from diascope.training.phases import Lora, PartTraining, Phase

STEPS = Duration(steps=2)


def config(records: Path, model: ModelConfig, **more: object) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "model": model,
            "data": DataConfig(records=str(records)),
            "batch_size": 3,
            "evaluation": EvalConfig(limit=2),
            "checkpoint_every": Duration(steps=1),
        }
        | more
    )


@pytest.fixture
def folder(any_model: Transformer, tmp_path: Path) -> Path:
    any_model.save(tmp_path / "base")
    return tmp_path / "base"


def test_a_family_is_trained_and_answers(
    any_model: Transformer, folder: Path, phantom: Path, tmp_path: Path
) -> None:
    """The projector first, then low-rank updates beside the whole vision tower."""
    updates = PartTraining(lora=Lora(rank=2, targets=("q_proj", "v_proj"), dropout=0.1))
    plan = (
        Phase(name="projector", train={"projector": PartTraining()}, duration=STEPS),
        Phase(name="tuning", train={"vision": PartTraining(), "language": updates}, duration=STEPS),
    )
    told = ModelConfig(family=any_model.family, path=str(folder))
    run = tmp_path / "run"
    train(config(phantom, told, phases=plan), run)
    lines = metrics(run)
    assert [line["phase"] for line in lines] == ["projector"] * 2 + ["tuning"] * 2
    assert all(math.isfinite(line["loss"]) for line in lines)
    trained = open_model(run)
    assert isinstance(trained, type(any_model))
    before = dict(any_model.network.named_parameters())
    moved = {
        any_model.part(name)
        for name, weight in trained.network.named_parameters()
        if not torch.equal(weight, before[name])
    }
    assert moved == {"projector", "vision", "language"}
    out = predict(
        run, phantom, tmp_path / "out", asked=Asked("train", ("counting", "detection"), 2)
    )
    replies = PredictionFile.open(out).predictions
    assert {reply.outcome.kind for reply in replies} == {"parsed"}, replies


def test_a_run_of_phases_is_resumed_to_the_bit(
    any_model: Transformer, folder: Path, phantom: Path, tmp_path: Path
) -> None:
    """From a checkpoint in the middle of the second phase, dropout included."""
    updates = PartTraining(lora=Lora(rank=2, dropout=0.3))
    plan = (
        Phase(name="one", train={"projector": PartTraining()}, duration=STEPS),
        Phase(name="two", train={"language": updates}, duration=Duration(steps=3)),
    )
    told = config(phantom, ModelConfig(family=any_model.family, path=str(folder)), phases=plan)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(told, whole)

    class Stop(Exception):
        pass

    def stop(done: int, total: int, logged: object) -> None:
        if done == 4:
            raise Stop

    with pytest.raises(Stop):
        train(told, cut, report=stop)
    train(told, cut, resume=True)
    assert metrics(cut) == metrics(whole)


def test_a_composed_model_starts_from_its_parts(
    composition: Composition, phantom: Path, tmp_path: Path
) -> None:
    told = ModelConfig(family="composed", compose=composition)
    made = [start_model(config(phantom, told, duration=STEPS)) for _ in range(2)]
    for one, other in zip(*(each.network.parameters() for each in made), strict=True):
        assert torch.equal(one, other)
    made[0].save(tmp_path / "saved")
    loaded = family("composed").load(tmp_path / "saved", torch.float32)
    for one, other in zip(made[0].network.parameters(), loaded.network.parameters(), strict=True):
        assert torch.equal(one, other)
    assert json.loads((tmp_path / "saved" / "diascope.json").read_text())["family"] == "composed"
