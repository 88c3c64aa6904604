from pathlib import Path

import pytest

from diascope.configuration import load
from diascope.training.config import TrainConfig
from diascope.training.loop import metrics, train

from . import runs


@pytest.fixture(scope="session")
def recipe(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(runs.RECIPE.format(records=phantom, steps=runs.STEPS))
    return path


@pytest.fixture(scope="session")
def whole(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> runs.Metrics:
    """What one process learns that nobody stops."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train(load(recipe, [], TrainConfig), out)
    return metrics(out)
