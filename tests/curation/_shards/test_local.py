"""Shards in processes: one that dies costs nothing but its time, one that always dies is told."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from diascope.curation._shards.local import COMMAND
from diascope.curation._shards.reading import Reading, shard_size
from diascope.curation._shards.work import Order, Work, begun
from diascope.curation.prepare import PrepareOptions, prepare
from diascope.errors import InputError
from diascope.sources import source

from . import layout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layout.write(tmp_path_factory.mktemp("layout") / "root")


def test_a_worker_that_is_killed_costs_nothing(root: Path, tmp_path: Path) -> None:
    prepare("jsonl", root, tmp_path / "whole")
    killed = []

    def kill(done: int, total: int) -> None:
        if len(killed) < 3:
            killed.append(layout.workers(os.getpid())[0])
            layout.kill(killed[-1])

    options = PrepareOptions(workers=2, shard_records=6)
    prepare("jsonl", root, tmp_path / "out", options, kill)
    assert len(set(killed)) == 3
    assert layout.tree(tmp_path / "out") == layout.tree(tmp_path / "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "whole"}
    assert layout.workers(os.getpid()) == []


def test_a_shard_that_no_process_lives_through_is_told(root: Path, tmp_path: Path) -> None:
    over = threading.Event()

    def kill_all() -> None:
        while not over.wait(0.01):
            for process in layout.workers(os.getpid()):
                layout.kill(process)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        with pytest.raises(InputError, match=r"shard \d+: 3 processes died of it .*fewer workers"):
            prepare("jsonl", root, tmp_path / "out", PrepareOptions(workers=2, shard_records=4))
    finally:
        over.set()
        killer.join()
    assert list(tmp_path.iterdir()) == []


def test_what_may_not_be_left_out_stops_it(root: Path, tmp_path: Path) -> None:
    lines = (root / "records.jsonl").read_text().splitlines()
    other = layout.write(tmp_path / "root")
    (other / "records.jsonl").write_text("\n".join([*lines[:7], *lines[9:30], lines[3]]))
    strict = PrepareOptions(workers=2, shard_records=4, on_error="stop")
    with pytest.raises(InputError, match=r"(r12|r21|r3): .*on_error=skip$"):
        prepare("jsonl", other, tmp_path / "out", strict)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    assert layout.workers(os.getpid()) == []


def read(root: Path, folder: Path) -> Work:
    """A work folder with shards of eight records."""
    folder.mkdir()
    facts = {"source": "jsonl", "root": str(root), "split": {"train": 1.0}, "seed": 0}
    order = Order(**facts, like=None, keeps_images=True, diascope="0", render_profile="p")
    assert begun(folder, order) is None
    return Reading(source("jsonl"), {}, lambda exclusion: None, 8).into(folder, order)


def test_a_worker_takes_its_share_of_the_shards(root: Path, tmp_path: Path) -> None:
    work = read(root, tmp_path / "work")
    assert work.num_shards == 8
    words = [*COMMAND, str(work.folder), "2", "3"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "5"]
    assert work.unfinished() == [0, 1, 3, 4, 6, 7]


def test_a_share_of_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    words = [*COMMAND, str(tmp_path), "0", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be read" in done.stderr


def test_the_size_of_a_shard_follows_from_the_set_alone() -> None:
    sizes = {1: 8192, 8192: 8192, 8193: 1024, 65_536: 1024, 65_537: 2048, 10**8: 4096}
    assert {records: shard_size(records) for records in sizes} == sizes


def test_no_launcher_loads_what_it_does_not_need() -> None:
    check = "import sys, diascope.curation.prepare; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
