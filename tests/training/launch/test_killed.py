"""Two processes are killed at any moment, packing and accumulating, and go on to the bit."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from diascope.training.loop import metrics

from . import runs

KILLS = int(os.environ.get("DIASCOPE_KILLS", "3"))
STEPS = max(runs.STEPS, 3 * KILLS)


@pytest.fixture(scope="module")
def uninterrupted(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> runs.Metrics:
    folder = tmp_path_factory.mktemp("uninterrupted")
    process = start(recipe, folder / "run", folder / "log")
    assert process.wait() == 0, (folder / "log").read_text()
    return metrics(folder / "run")


def start(recipe: Path, run: Path, log: Path) -> "subprocess.Popen[bytes]":
    more = ["--resume"] if (run / "config.toml").exists() else []
    told = (f"duration.steps={STEPS}", "--processes", "2", *more)
    return runs.started(runs.words(recipe, run, *told), log)


def victim(run: Path, launcher: int, choice: int) -> int:
    """The first process, the second, or the one that started both."""
    return (runs.workers(run) | {"launcher": launcher})[("0", "1", "launcher")[choice % 3]]


def test_whoever_is_killed_the_run_goes_on_to_the_bit(
    recipe: Path, uninterrupted: runs.Metrics, tmp_path: Path
) -> None:
    """Behind a step, or while a checkpoint is half written, in turn."""
    run, log, chance = tmp_path / "run", tmp_path / "log", random.Random(7)
    for number in range(KILLS):
        for torn in run.glob("checkpoints/.*.partial"):
            shutil.rmtree(torn)
        began = runs.num_steps(run)
        process = start(recipe, run, log)
        if number % 2:
            runs.wait_for(lambda: any(run.glob("checkpoints/.step-*.partial")), log)
        else:
            runs.wait_for(lambda began=began: runs.num_steps(run) > began, log)
            time.sleep(chance.random() / 5)
        os.kill(victim(run, process.pid, number), signal.SIGKILL)
        assert process.wait(timeout=120) != 0
        runs.wait_for(lambda: not runs.workers(run), log)
    assert start(recipe, run, log).wait() == 0, log.read_text()[-3000:]
    assert metrics(run) == uninterrupted
