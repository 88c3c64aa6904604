"""A disk that fails at any call leaves the checkpoint of before, or the new one, and never half."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

SHIM = Path(__file__).with_name("failing_disk.c")
PROGRAM = """
import ctypes, itertools, json, shutil, sys
from pathlib import Path
import torch
from diascope.training import checkpoint
from diascope.training.checkpoint import WEIGHTS

folder, torn = Path(sys.argv[1]), int(sys.argv[2])
disk = ctypes.CDLL(None)

def arm(number):
    disk.fail_at(number, str(folder).encode() if number >= 0 else b"", torn)

def tensors(value):
    return {"a.exp_avg": torch.full((300,), value), "b": torch.full((7, 5), value)}

def step(value):
    target = folder / f"step-{int(value):08d}"
    checkpoint.save(target, tensors(value), tensors(value), {"step": int(value)})
    checkpoint.prune(folder, keep=1)

def best(value):
    checkpoint.save_weights(folder / "best-loss", tensors(value))

def read(path):
    found = checkpoint.load_file(path / WEIGHTS)
    (value,) = {number for tensor in found.values() for number in tensor.flatten().tolist()}
    return value

def attempt(number, write, value):
    arm(number)
    try:
        write(value)
    except Exception as error:
        return type(error).__name__
    finally:
        arm(-1)
    return None

told = []
for number in itertools.count():
    shutil.rmtree(folder, ignore_errors=True)
    step(1.0), best(1.0)
    failed = attempt(number, step, 2.0)
    left = sorted(path.name for path in folder.iterdir())
    checkpoint.settle(folder)
    last = checkpoint.latest(folder)
    assert read(last) == checkpoint.read_state(last)["step"]
    kept = attempt(number, best, 2.0)
    checkpoint.settle(folder)
    settled = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
    told.append([failed, left, read(last), kept, read(folder / "best-loss"), settled])
    if failed is None and kept is None:
        break
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a failing disk wants a C compiler")
    built = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", built, SHIM, "-ldl"], check=True)
    return built


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder that is flushed in no time, where there is one."""
    root = "/dev/shm" if Path("/dev/shm").is_dir() else tmp_path  # noqa: S108
    with TemporaryDirectory(dir=root) as folder:
        yield Path(folder).resolve()


@pytest.mark.parametrize("torn", [0, 1])
def test_whatever_fails_a_whole_checkpoint_is_left(torn: int, shim: Path, memory: Path) -> None:
    """Every write, flush and rename in turn; a write may leave its first half behind."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, memory / "checkpoints", str(torn)],
        env=os.environ | {"LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    failures = [failed for failed, *_ in told if failed is not None]
    assert len(failures) >= 12
    assert set(failures) >= {"OSError", "SafetensorError"}
    for failed, left, last, kept, best, settled in told:
        assert not [name for name in left if name.endswith(".partial")], (failed, left)
        assert (last == 2.0) or failed
        assert (best == 2.0) or kept
        assert settled == []
    assert any(failed and last == 1.0 for failed, _, last, *_ in told)
    assert any(kept and best == 1.0 for *_, kept, best, _ in told)
