"""A run that is killed at any moment and resumed is the run that was never killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from diascope.configuration import dump_toml
from diascope.errors import InputError
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.loop import train

KILLS = int(os.environ.get("DIASCOPE_KILLS", "2"))


def config(records: Path, steps: int = 12) -> TrainConfig:
    return TrainConfig(
        seed=3,
        model=ModelConfig(family="tiny", scratch=True),
        data=DataConfig(records=str(records)),
        duration=Duration(steps=steps),
        batch_size=2,
        accumulate=2,
        checkpoint_every=Duration(steps=3),
        evaluation=EvalConfig(every=Duration(steps=6), limit=4),
    )


def logged(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def uninterrupted(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    run = tmp_path_factory.mktemp("whole") / "run"
    train(config(phantom), run)
    return logged(run)


PROGRAM = """
import sys
from pathlib import Path
from diascope.configuration import load
from diascope.training.config import TrainConfig
from diascope.training.loop import train
recipe, run = Path(sys.argv[1]), Path(sys.argv[2])
train(load(recipe, [], TrainConfig), run, resume=(run / "config.toml").exists())
"""


def started(recipe: Path, run: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(recipe), str(run)])


def killed_after(process: subprocess.Popen[bytes], run: Path, lines: int) -> None:
    """kill -9 once so many steps are logged; whatever is being written then is torn."""
    metrics = run / "metrics.jsonl"
    while process.poll() is None:
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= lines:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    process.wait()


def test_killed_and_resumed(
    phantom: Path, uninterrupted: list[dict[str, Any]], tmp_path: Path
) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(dump_toml(config(phantom)))
    for kill in range(KILLS):
        killed_after(started(recipe, run), run, lines=2 + (kill * 5) % 10)
    assert started(recipe, run).wait() == 0
    assert logged(run) == uninterrupted
    assert (run / "model" / "model.safetensors").is_file()


def test_the_loss_of_each_step_is_logged_once(uninterrupted: list[dict[str, Any]]) -> None:
    assert [line["step"] for line in uninterrupted] == list(range(1, 13))
    assert len({line["ids"] for line in uninterrupted}) == 12
    assert {line["step"] for line in uninterrupted if "val_loss" in line} == {6, 12}


def test_a_folder_in_use_is_refused(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(InputError, match="--resume"):
        train(config(phantom), tmp_path)


def test_nothing_to_resume(phantom: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run to resume"):
        train(config(phantom), tmp_path / "run", resume=True)


def test_resuming_under_another_configuration_is_refused(phantom: Path, tmp_path: Path) -> None:
    train(config(phantom, steps=1), tmp_path / "run")
    with pytest.raises(InputError, match="differs"):
        train(config(phantom, steps=2), tmp_path / "run", resume=True)
