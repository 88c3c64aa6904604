"""A short run that launchers start: its recipe, its processes, and whether it came to the same."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from diascope.training.loop import metrics

STEPS = 12
RECIPE = """\
seed = 3
batch_size = 2
accumulate = 2
autocast = false
[model]
family = "tiny"
scratch = true
[data]
records = "{records}"
[duration]
steps = {steps}
[checkpoint_every]
steps = 2
[evaluation]
limit = 2
replies = 0
gradients = 0
[evaluation.every]
percent = 100.0
"""

Metrics = list[dict[str, Any]]


def words(recipe: Path, run: Path, *more: str) -> list[str]:
    """The command."""
    return [sys.executable, "-m", "diascope.cli", "train", str(recipe), "--out", str(run), *more]


def started(words: Sequence[str], log: Path, **more: str) -> "subprocess.Popen[bytes]":
    with log.open("ab") as said:
        return subprocess.Popen(words, stdout=said, stderr=said, env=os.environ | more)


def workers(run: Path) -> dict[str, int]:
    """The processes of a run by rank."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            said = (entry / "cmdline").read_bytes().split(b"\0")
            told = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        ranks = [each for each in told if each.startswith(b"RANK=")]
        if ranks and str(run).encode() in said and b"diascope.cli" in said:
            found[ranks[0].decode().removeprefix("RANK=")] = int(entry.name)
    return found


def num_steps(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(is_so: Callable[[], Any], log: Path, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, log.read_text(errors="replace")[-3000:]
        time.sleep(0.02)


def checkpointed(run: Path) -> bool:
    return any((run / "checkpoints").glob("step-*"))


def kill_worker(run: Path, rank: str) -> None:
    os.kill(workers(run)[rank], signal.SIGKILL)


def same(run: Path, whole: Metrics) -> None:
    """Every step once, of the same samples, with the same loss to rounding."""
    found = metrics(run)
    assert [line["step"] for line in found] == [line["step"] for line in whole]
    assert [line["ids"] for line in found] == [line["ids"] for line in whole]
    for ours, theirs in zip(found, whole, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
    assert (run / "model" / "model.safetensors").is_file()
