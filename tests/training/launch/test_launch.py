"""Processes of this machine, and the commands that all launchers say they run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.training.launch import LauncherName, is_worker, launcher
from diascope.training.launch.children import Child
from diascope.training.launch.children import run as run_children
from diascope.training.launch.job import Job
from diascope.training.stopping import REQUEUE

from . import runs

TWO = Job("recipe.toml", ("optim.lr=1e-4",), Path("runs/a b"), processes=2)
WORKER = (
    f"{sys.executable} -m diascope.cli train recipe.toml optim.lr=1e-4 --out 'runs/a b' --resume"
)


@pytest.mark.enable_socket
def test_local_says_a_line_for_each_process() -> None:
    first, second = launcher(LauncherName.local).command(TWO).splitlines()
    assert first.startswith("RANK=0 LOCAL_RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=")
    assert second.startswith("RANK=1 LOCAL_RANK=1 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=")
    assert first.endswith(f"GLOO_SOCKET_IFNAME=lo {WORKER} &")


def test_torchrun_keeps_one_machine_to_itself() -> None:
    assert launcher(LauncherName.torchrun).command(TWO) == (
        f"GLOO_SOCKET_IFNAME=lo {sys.executable} -m torch.distributed.run --nnodes=1 "
        "--nproc-per-node=2 --max-restarts=3 --rdzv-backend=c10d --rdzv-endpoint=127.0.0.1:0 "
        f"--rdzv-id={TWO.name} --local-addr=127.0.0.1 {WORKER.removeprefix(sys.executable + ' ')}"
    )


def test_torchrun_on_several_machines_wants_to_know_where_they_meet() -> None:
    job = Job("recipe.toml", (), Path("run"), nodes=2)
    with pytest.raises(InputError, match="--rendezvous HOST:PORT"):
        launcher(LauncherName.torchrun).command(job)
    meeting = Job("recipe.toml", (), Path("run"), nodes=2, rendezvous="node-1:29400")
    command = launcher(LauncherName.torchrun).command(meeting)
    assert "--nnodes=2 " in command
    assert "--rdzv-endpoint=node-1:29400 " in command
    assert "127.0.0.1" not in command


def test_local_is_one_machine() -> None:
    with pytest.raises(InputError, match="take torchrun, slurm or ray"):
        launcher(LauncherName.local).command(Job("recipe.toml", (), Path("run"), nodes=2))


def test_ray_says_what_its_nodes_start() -> None:
    first, second = launcher(LauncherName.ray).command(TWO).splitlines()
    assert first == f"RANK=0 WORLD_SIZE=2 MASTER_ADDR=NODE MASTER_PORT=PORT {WORKER}"
    assert second.startswith("RANK=1 ")


def test_a_worker_is_told_by_its_place() -> None:
    assert is_worker({"RANK": "0", "WORLD_SIZE": "2"})
    assert not is_worker({"WORLD_SIZE": "2"})


def child(program: str) -> Child:
    return Child([sys.executable, "-c", program], os.environ)


def test_where_one_fails_the_others_are_ended() -> None:
    waits = child("import time; time.sleep(600)")
    assert run_children([child("pass"), child("pass")]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("diascope.training.launch.children._GRACE_SECONDS", 0.1)
        assert run_children([waits, child("raise SystemExit(7)")]) == 7
        killed = child("import os; os.kill(os.getpid(), 9)")
        assert run_children([waits, killed]) == 128 + signal.SIGKILL


def test_the_dry_run_writes_nothing(recipe: Path, tmp_path: Path) -> None:
    asked = runs.words(recipe, tmp_path / "run", "--processes", "2", "--dry-run")
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "RANK=1 LOCAL_RANK=1 WORLD_SIZE=2 " in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sharded", ["false", "true"])
def test_two_processes_that_are_stopped_go_on(
    sharded: str, recipe: Path, whole: runs.Metrics, tmp_path: Path
) -> None:
    """SIGTERM: a checkpoint behind the step that they are in, and the code that asks for more."""
    run, log = tmp_path / "run", tmp_path / "log"
    asked = runs.words(recipe, run, f"sharded={sharded}", "--processes", "2")
    process = runs.started(asked, log)
    runs.wait_for(lambda: runs.num_steps(run) >= 3, log)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == REQUEUE, log.read_text()
    steps = runs.num_steps(run)
    assert steps < runs.STEPS
    assert (run / "checkpoints" / f"step-{steps:08d}").is_dir()
    assert runs.started([*asked, "--resume"], log).wait() == 0, log.read_text()
    runs.same(run, whole)


def test_a_bad_recipe_is_told_once_and_ends_all(recipe: Path, tmp_path: Path) -> None:
    """Before anything is learnt, by the first process; the others leave without a word."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").touch()
    asked = runs.words(recipe, tmp_path / "run", "--processes", "2", "--resume")
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.count("is not empty") == 1
    assert "Traceback" not in done.stderr
