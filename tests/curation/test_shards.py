"""Shards: the same bytes however they are cut, whoever examines them, and wherever they stop."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diascope.curation._shards.work import Work
from diascope.curation.prepare import PrepareOptions, prepare
from diascope.curation.shards import examine_shard
from diascope.errors import InputError
from diascope.imaging.sandbox import DecodePool
from diascope.recordfile import RecordFile

from ._shards import layout

MEMORY = Path("/dev/shm")  # noqa: S108 - the one other file system that is nearly always there


class Killed(Exception):
    """Raised where a run is to stop."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """On another file system where there is one, so that images are copied and not linked."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield layout.write(Path(folder) / "root")


@pytest.fixture(scope="module")
def whole(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run that examines all in one shard writes."""
    out = tmp_path_factory.mktemp("whole") / "out"
    made = prepare("jsonl", root, out)
    told = [exclusion.reason for exclusion in made.audit.exclusions]
    assert sum("was given to a record before it" in reason for reason in told) == 3
    assert sum("also in the split" in reason for reason in told) > 0
    assert {"EOF", "damaged", "no such file"} <= {
        word for word in ("EOF", "damaged", "no such file") for reason in told if word in reason
    }
    return layout.tree(out)


def stopped(root: Path, out: Path, options: PrepareOptions, after: int) -> None:
    """A preparation that is broken off once so many records are done."""

    def stop(done: int, total: int) -> None:
        if done >= after:
            raise Killed

    with pytest.raises(Killed):
        prepare("jsonl", root, out, options, stop)


def test_an_image_that_only_left_out_records_have_is_not_written(root, whole, tmp_path) -> None:
    out = prepare("jsonl", root, tmp_path / "out").out
    named = {each.path for record in RecordFile(out / "records.jsonl") for each in record.images}
    assert {name for name in whole if name.startswith("images/")} == named
    for name in named:
        assert whole[name].startswith(Path(name).stem)


@settings(max_examples=4)
@given(size=st.integers(1, layout.RECORDS + 5), after=st.integers(1, layout.RECORDS))
def test_cut_anyhow_and_stopped_anywhere_it_is_the_same(root, whole, size, after) -> None:
    with tempfile.TemporaryDirectory() as folder:
        work, out = Path(folder) / "work", Path(folder) / "out"
        options = PrepareOptions(work=work, shard_records=size, workers=1)
        stopped(root, out, options, after)
        assert not out.exists()
        prepare("jsonl", root, out, options)
        assert layout.tree(out) == whole
        assert [path.name for path in Path(folder).iterdir()] == ["out"]


def test_a_finished_shard_is_not_examined_again(root, whole, tmp_path) -> None:
    options = PrepareOptions(work=tmp_path / "work", shard_records=10, workers=1)
    stopped(root, tmp_path / "out", options, 35)
    work = Work.open(tmp_path / "work")
    assert work.unfinished() == [3, 4, 5, 6]
    before = {number: work.shard(number).stat() for number in range(3)}
    stopped(root, tmp_path / "out", options, 45)
    assert {number: work.shard(number).stat() for number in range(3)} == before
    told: list[tuple[int, int]] = []
    prepare("jsonl", root, tmp_path / "out", options, lambda *done: told.append(done))
    assert told == [(done, 63) for done in range(41, 64)]
    assert layout.tree(tmp_path / "out") == whole


def test_two_may_examine_one_shard(root, tmp_path) -> None:
    options = PrepareOptions(work=tmp_path / "work", shard_records=20, workers=1)
    stopped(root, tmp_path / "out", options, 1)
    work, again = Work.open(tmp_path / "work"), []
    with DecodePool(1) as pool:

        def overtake() -> None:
            if not again:
                again.append(True)
                examine_shard(work, 1, pool)
                again.append(layout.tree(work.shard(1)))

        examine_shard(work, 1, pool, overtake)
    assert again[1] == layout.tree(work.shard(1))
    assert [path.name for path in (work.folder / "shards").iterdir()] == ["000001"]


def half_files(folder: Path) -> list[str]:
    """Images that are not what their name says."""
    return [name for name, digest in layout.tree(folder).items() if Path(name).stem != digest[:32]]


def command(root: Path, out: Path, work: Path) -> list[str]:
    words = ("prepare", "jsonl", root, out, "--work", work, "--workers", 2)
    script = (
        "from diascope.curation._shards import reading; "
        "reading._SINGLE = reading._LARGEST = reading._STEP = 4; "
        "from diascope.cli.main import main; main()"
    )
    return [sys.executable, "-c", script, *map(str, words)]


def test_a_run_killed_again_and_again_comes_to_the_same(root, whole, tmp_path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    for most in (1, 6):
        run = subprocess.Popen(command(root, out, work), stderr=subprocess.DEVNULL)
        while run.poll() is None and len(list(work.glob("shards/0*"))) < most:
            time.sleep(0.01)
        run.kill()
        run.wait()
        assert run.returncode == layout.KILLED
        assert not out.exists()
        assert half_files(work / "out" / "images") == []
    done = subprocess.run(command(root, out, work), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (out / "data_card.html").unlink()
    assert layout.tree(out) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


CHANGED = [
    ({"seed": 3}, "seed 0, not 3"),
    ({"split": {"train": 1.0}}, "split .*, not {'train': 1.0}"),
]


@pytest.mark.parametrize(("changes", "told"), CHANGED)
def test_another_preparation_does_not_go_on_in_it(root, tmp_path, changes, told) -> None:
    options = PrepareOptions(work=tmp_path / "work", shard_records=20, workers=1)
    stopped(root, tmp_path / "out", options, 1)
    with pytest.raises(InputError, match=f"work: was begun with {told}; name another work folder"):
        prepare("jsonl", root, tmp_path / "out", options.model_copy(update=changes))
    layout.write(tmp_path / "other")
    with pytest.raises(InputError, match=r"was begun with root .*/root', not .*/other'"):
        prepare("jsonl", tmp_path / "other", tmp_path / "out", options)


def test_what_is_stricter_now_is_told_of_what_was_done_before(root, tmp_path) -> None:
    options = PrepareOptions(work=tmp_path / "work", shard_records=20, workers=1)
    stopped(root, tmp_path / "out", options, 55)
    strict = options.model_copy(update={"on_error": "stop"})
    with pytest.raises(InputError, match=r"row 8, r3: the id 'r3' .*remove .*work.*on_error=skip"):
        prepare("jsonl", root, tmp_path / "out", strict)
    prepare("jsonl", root, tmp_path / "out", options)


def test_places_that_a_work_folder_must_not_be_in(root, tmp_path) -> None:
    out, used = tmp_path / "out", tmp_path / "used"
    used.mkdir()
    (used / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="used: is not empty, and no work was begun in it"):
        prepare("jsonl", root, out, PrepareOptions(work=used))
    assert [path.name for path in used.iterdir() if path.name != "lock"] == ["thesis.tex"]
    for inside in (root / "work", out / "work"):
        with pytest.raises(InputError, match="must not lie in"):
            prepare("jsonl", root, out, PrepareOptions(work=inside))


def test_one_work_folder_is_for_one_run_at_a_time(root, tmp_path) -> None:
    options = PrepareOptions(work=tmp_path / "work")

    def again(done: int, total: int) -> None:
        prepare("jsonl", root, tmp_path / "other", options)

    with pytest.raises(InputError, match="another preparation is using it"):
        prepare("jsonl", root, tmp_path / "out", options, again)


def test_a_work_folder_must_be_on_the_file_system_of_out(root, tmp_path) -> None:
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        pytest.raises(InputError, match="name a work folder beside it"),
    ):
        prepare("jsonl", root, tmp_path / "out", PrepareOptions(work=Path(folder)))
