"""Fewer bits where bitsandbytes is, one clear error where it is not."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from diascope.errors import InputError
from diascope.generation.predict import open_model
from diascope.models import quantised
from diascope.models.gemma3 import Gemma3
from diascope.models.quantised import is_quantised, quantise
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.loop import metrics, train
from diascope.training.phases import Lora, PartTraining

from ..training.test_moving import copied  # noqa: TID252 - tests are no installed package

UPDATES = {"language": PartTraining(lora=Lora(rank=2))}


def config(records: Path, kind: str, folder: Path | None, **more: object) -> TrainConfig:
    told = {
        "model": ModelConfig.model_validate(
            {"family": "gemma3", "path": folder and str(folder), "quantise": kind}
        ),
        "data": DataConfig(records=str(records)),
        "batch_size": 2,
        "evaluation": EvalConfig(limit=2),
        "duration": Duration(steps=2),
        "train": UPDATES,
    }
    return TrainConfig.model_validate(told | more)


def test_without_the_package_its_name_is_told(
    gemma_3: Gemma3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantised, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs bitsandbytes: pip install bitsandbytes"):
        quantise(gemma_3, "nf4")
    assert not is_quantised(gemma_3.network)


@pytest.mark.parametrize("trained", [{"language": PartTraining()}, {"projector": PartTraining()}])
def test_what_is_held_in_few_bits_does_not_move(trained: dict[str, PartTraining]) -> None:
    with pytest.raises(ValidationError, match=r"give train\.language a lora"):
        config(Path("r"), "nf4", Path("base"), train=trained)
    with pytest.raises(ValidationError, match=r"name model\.path"):
        config(Path("r"), "nf4", None)


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_updates_are_learnt_beside_fewer_bits(
    gemma_3: Gemma3, phantom: Path, kind: str, tmp_path: Path
) -> None:
    """The run leaves an adapter alone, which goes onto the whole base."""
    smaller = copied(gemma_3)
    quantise(smaller, kind)  # type: ignore[arg-type]
    assert is_quantised(smaller.network)
    gemma_3.save(tmp_path / "base")
    run = tmp_path / "run"
    made = train(config(phantom, kind, tmp_path / "base"), run)
    assert made == run / "adapter"
    assert not (run / "model").exists()
    assert len(metrics(run)) == 2
    told = json.loads((made / "adapter_config.json").read_text())
    assert told["base_model_name_or_path"] == str(tmp_path / "base")
    read = open_model(run)
    assert {weight.dtype for weight in read.network.parameters()} == {torch.float32}
