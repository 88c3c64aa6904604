"""A run that is killed at any moment and resumed is the run that was never killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diascope.configuration import dump_toml
from diascope.errors import InputError
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.loop import train

KILLS = int(os.environ.get("DIASCOPE_KILLS", "4"))
STEPS = max(12, 3 * KILLS)


def config(records: Path, steps: int = STEPS) -> TrainConfig:
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


Moment = Callable[[Path], bool]


def steps_on(run: Path) -> Moment:
    """One more step than there were when this is called."""
    metrics = run / "metrics.jsonl"

    def lines() -> int:
        return metrics.read_bytes().count(b"\n") if metrics.exists() else 0

    began = lines()
    return lambda run: lines() > began


def partly(pattern: str) -> Callable[[Path], Moment]:
    """While something of that name is being written."""
    return lambda run: lambda run: any(run.glob(f"{pattern}/*"))


def moments(kills: int) -> list[Callable[[Path], Moment]]:
    """The first best weights, then steps and checkpoints in turn, and last the finished model."""
    first = partly("checkpoints/.best-*.partial")
    between = [steps_on, partly("checkpoints/.step-*.partial")] * kills
    return [*[first, *between][: kills - 1], partly(".model.partial")]


def killed_at(process: subprocess.Popen[bytes], run: Path, moment: Moment) -> bool:
    """kill -9 at the moment; whatever is being written then is torn. False if it never came."""
    while process.poll() is None:
        if moment(run):
            process.send_signal(signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
        time.sleep(0.0005)
    return False


def test_killed_and_resumed(
    phantom: Path, uninterrupted: list[dict[str, Any]], tmp_path: Path
) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(dump_toml(config(phantom)))
    for choose in moments(KILLS):
        for torn in run.glob("**/.*.partial"):
            shutil.rmtree(torn)
        assert killed_at(started(recipe, run), run, choose(run))
    assert started(recipe, run).wait() == 0
    assert logged(run) == uninterrupted
    assert (run / "model" / "model.safetensors").is_file()
    about = json.loads((run / "run.json").read_text())
    assert len(about["resumed"]) == KILLS
    assert not list(run.glob(".*.partial"))


def test_the_loss_of_each_step_is_logged_once(uninterrupted: list[dict[str, Any]]) -> None:
    assert [line["step"] for line in uninterrupted] == list(range(1, STEPS + 1))
    assert len({line["ids"] for line in uninterrupted}) == STEPS
    looks = {line["step"] for line in uninterrupted if "val_loss" in line}
    assert looks == set(range(6, STEPS + 1, 6)) | {STEPS}


def test_resuming_on_other_records_is_refused(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(phantom.parent / "images")
    records = tmp_path / "records.jsonl"
    lines = phantom.read_text().splitlines(keepends=True)
    records.write_text("".join(lines))
    train(config(records, steps=1), tmp_path / "run")
    before = (tmp_path / "run" / "run.json").read_text()
    records.write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match="records_sha256 changed since the run began"):
        train(config(records, steps=1), tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "run.json").read_text() == before


def test_a_folder_in_use_is_refused(phantom: Path, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(InputError, match="--resume"):
        train(config(phantom), tmp_path)


def test_a_run_killed_before_it_was_told_anything_can_be_started_again(
    phantom: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".config.toml.x1y2").write_text("seed =")
    train(config(phantom, steps=1), tmp_path / "run")
    assert len(logged(tmp_path / "run")) == 1


def test_nothing_to_resume(phantom: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run to resume"):
        train(config(phantom), tmp_path / "run", resume=True)


def test_resuming_under_another_configuration_is_refused(phantom: Path, tmp_path: Path) -> None:
    train(config(phantom, steps=1), tmp_path / "run")
    with pytest.raises(InputError, match="differs"):
        train(config(phantom, steps=2), tmp_path / "run", resume=True)
