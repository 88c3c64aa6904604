"""A job of SLURM: its script, and the real thing where SLURM is installed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.training.launch import slurm
from diascope.training.launch.job import Job

from ...curation._shards import cluster  # noqa: TID252 - tests are no installed package
from . import runs


def test_the_script_warns_goes_back_and_hands_its_code_on(tmp_path: Path) -> None:
    job = Job("recipe.toml", ("optim.lr=1e-4",), tmp_path / "a run", processes=4, nodes=2)
    script = slurm.script(job)
    assert "#SBATCH --nodes=2 --ntasks-per-node=4\n" in script
    assert "#SBATCH --signal=USR1@120\n" in script
    assert f"--output='{tmp_path}/a run-%j.log'\n" in script
    assert "WORLD_SIZE=$SLURM_NTASKS exec " in script
    assert '[ $code -ne 85 ] || scontrol requeue "$SLURM_JOB_ID"\n' in script
    subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=True)
    assert slurm.command(job) == f"sbatch --wait --parsable <<'END'\n{script}END"


def test_where_there_is_no_sbatch_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="there is no sbatch here"):
        slurm.run(Job("recipe.toml", (), tmp_path / "run"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if cluster.missing():
        pytest.skip(f"a SLURM of one machine wants {', '.join(cluster.missing())}")
    with cluster.slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


def hurried(process: "subprocess.Popen[bytes]", folder: Path, environment: dict[str, str]) -> bool:
    """Whether it is done; a job that goes back waits two minutes where nobody hurries it."""
    (log,) = folder.glob("run-*.log")
    number = log.stem.removeprefix("run-")
    now = ("scontrol", "update", f"JobId={number}", "StartTime=now")
    subprocess.run(now, env=environment, capture_output=True, check=False)
    return process.poll() is not None


@pytest.mark.slow
@pytest.mark.slurm
@pytest.mark.enable_socket
def test_a_job_that_is_warned_goes_back_into_the_queue_and_on(
    recipe: Path, whole: runs.Metrics, running: dict[str, str], tmp_path: Path
) -> None:
    """Two tasks are sent USR1, as they are before their time is over."""
    run, log = tmp_path / "run", tmp_path / "log"
    asked = runs.words(recipe, run, "--launcher", "slurm", "--processes", "2")
    process = runs.started(asked, log, SLURM_CONF=running["SLURM_CONF"])
    runs.wait_for(lambda: runs.num_steps(run) >= 3, log)
    for worker in runs.workers(run).values():
        os.kill(worker, signal.SIGUSR1)
    runs.wait_for(lambda: hurried(process, tmp_path, running), log, seconds=400)
    assert process.returncode == 0, log.read_text()
    runs.same(run, whole)
    assert '"resumed"' in (run / "run.json").read_text()


@pytest.mark.slurm
@pytest.mark.enable_socket
def test_a_job_that_is_refused_is_told(
    running: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", running["SLURM_CONF"])
    monkeypatch.setenv("SBATCH_PARTITION", "nowhere")
    with pytest.raises(InputError, match=r"sbatch refused the job: .*invalid partition"):
        slurm.run(Job("recipe.toml", (), tmp_path / "run"))
