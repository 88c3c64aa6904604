"""A run's folder says which pixels were learnt from, and refuses others."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.imaging.handover import UNKNOWN
from diascope.imaging.profile import render_profile
from diascope.models.modelcard import profile_of, write_profile
from diascope.models.tiny import ASSETS
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.loop import train

OTHER = "0123456789abcdef"


def config(records: Path, model: str | None = None) -> TrainConfig:
    """One step; from nothing where no model is given."""
    start = {"path": model} if model else {"scratch": True}
    return TrainConfig(
        model=ModelConfig(family="tiny", **start),
        data=DataConfig(records=str(records)),
        duration=Duration(steps=1),
        batch_size=1,
        evaluation=EvalConfig(limit=1),
    )


@pytest.fixture
def prepared(phantom: Path, tmp_path: Path) -> Path:
    shutil.copytree(phantom.parent, tmp_path / "data")
    card(tmp_path / "data", render_profile())
    return tmp_path / "data" / "records.jsonl"


def card(folder: Path, profile: str) -> None:
    (folder / "card.json").write_text(json.dumps({"render_profile": profile}))


def test_the_run_and_its_model_carry_the_profile(prepared: Path, tmp_path: Path) -> None:
    model = train(config(prepared), tmp_path / "run")
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["render_profile"] == about["records_profile"] == render_profile()
    moved = model.rename(tmp_path / "elsewhere")
    assert profile_of(moved) == render_profile()
    assert train(config(prepared, str(moved)), tmp_path / "second").is_dir()


def test_records_that_nobody_prepared_are_recorded_as_such(phantom: Path, tmp_path: Path) -> None:
    train(config(phantom), tmp_path / "run")
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["records_profile"] == UNKNOWN


def test_records_of_other_pixels_are_refused(prepared: Path, tmp_path: Path) -> None:
    card(prepared.parent, OTHER)
    with pytest.raises(InputError, match=f"prepared under render profile {OTHER}"):
        train(config(prepared), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_run_starts_from_a_model_of_other_pixels(phantom: Path, tmp_path: Path) -> None:
    shutil.copytree(ASSETS, tmp_path / "weights")
    write_profile(tmp_path / "weights", OTHER)
    with pytest.raises(InputError, match="start from another model"):
        train(config(phantom, str(tmp_path / "weights")), tmp_path / "run")
