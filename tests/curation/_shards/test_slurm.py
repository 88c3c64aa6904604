"""Shards as an array job: the script, and the real thing where SLURM is installed."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diascope.curation._shards import slurm
from diascope.curation.prepare import PrepareOptions, prepare
from diascope.errors import InputError

from . import cluster, layout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layout.write(tmp_path_factory.mktemp("layout") / "root")


@pytest.fixture(scope="module")
def whole(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("whole") / "out"
    return layout.tree(prepare("jsonl", root, out).out)


def begun(root: Path, work: Path) -> None:
    """A work folder with all its shards but the first."""

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    options = PrepareOptions(work=work, shard_records=8, workers=1)
    with pytest.raises(KeyboardInterrupt):
        prepare("jsonl", root, work.parent / "never", options, stop)


def test_the_tasks_of_the_script_do_all_of_it(root: Path, whole, tmp_path: Path) -> None:
    work = tmp_path / "a work's folder"
    begun(root, work)
    script = tmp_path / "array.sh"
    script.write_text(slurm.script(work, 3))
    for task in ("2", "0", "1"):
        environment = os.environ | {"SLURM_ARRAY_TASK_ID": task}
        subprocess.run(["/bin/sh", script], env=environment, check=True, capture_output=True)
    told: list[tuple[int, int]] = []
    options = PrepareOptions(work=work, workers=1)
    prepare("jsonl", root, tmp_path / "out", options, lambda *done: told.append(done))
    assert told == []
    assert layout.tree(tmp_path / "out") == whole


def test_where_there_is_no_sbatch_it_is_told(root: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="there is no sbatch here"):
        prepare("jsonl", root, tmp_path / "out", PrepareOptions(launcher="slurm"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if cluster.missing():
        pytest.skip(f"a SLURM of one machine wants {', '.join(cluster.missing())}")
    with cluster.slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.mark.slurm
@pytest.mark.enable_socket
def test_an_array_job_comes_to_the_same(
    root: Path, whole, running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its tasks is killed with what it has started; the next job does the rest."""
    monkeypatch.setenv("SLURM_CONF", running["SLURM_CONF"])
    work, killed = tmp_path / "work", []

    def kill() -> None:
        while not killed:
            killed.extend(_tasks(work))
            time.sleep(0.01)
        layout.kill(killed[0])

    killer = threading.Thread(target=kill)
    killer.start()
    options = PrepareOptions(launcher="slurm", workers=3, shard_records=8, work=work)
    prepare("jsonl", root, tmp_path / "out", options)
    killer.join()
    assert layout.tree(tmp_path / "out") == whole


def _tasks(work: Path) -> list[int]:
    """Processes that examine shards of a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(work).encode() in words and b"diascope.curation._shards.worker" in words:
            found.append(int(entry.name))
    return found


@pytest.mark.slurm
@pytest.mark.enable_socket
def test_a_job_that_is_refused_is_told(root: Path, running, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SLURM_CONF", running["SLURM_CONF"])
    monkeypatch.setenv("SBATCH_PARTITION", "nowhere")
    with pytest.raises(InputError, match=r"sbatch refused the job: .*invalid partition"):
        prepare("jsonl", root, tmp_path / "out", PrepareOptions(launcher="slurm"))
