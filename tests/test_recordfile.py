"""Record files: lazy, indexed, selected without parsing, atomic, and clear about a bad line."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from diascope import recordindex
from diascope.answers import Number
from diascope.errors import InputError
from diascope.expectations import Range
from diascope.recordfile import RecordFile, read_lines, write_records
from diascope.records import Image, Record, Turn

SPLITS = ("train", "val", "test")
TASKS = ("counting", "regression", "vqa")


def record(number: int) -> Record:
    """The number-th of a file with three splits, seven data sets, and one to three turns."""
    turns = tuple(
        Turn(
            task=TASKS[(number + place) % 3],
            question=f"How many, {number}\u2028à la Zürich?",
            expects=Range(high=1e6),
            answer=Number(value=number + place),
        )
        for place in range(1 + number % 3)
    )
    return Record(
        id=f"record-{number}",
        dataset=f"set{number % 7}",
        patient=f"p{number // 4}",
        study="s",
        split=SPLITS[number % 10 % 3],
        images=(Image(path=f"images/{number}.png", width=8, height=8),),
        turns=turns,
    )


def written(path: Path, numbers: Iterable[int]) -> Path:
    write_records(path, (record(number) for number in numbers))
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "records.jsonl"
    assert write_records(path, (record(number) for number in range(20_000))) == 20_000
    return path


def test_records_are_read_by_position(many: Path) -> None:
    records = RecordFile(many)
    assert len(records) == 20_000
    for number in (0, 19_999, 7, 12_345, 7):
        assert records[number] == record(number)
    assert records[-1] == record(19_999)
    assert records[5:20:7] == [record(5), record(12), record(19)]
    with pytest.raises(IndexError):
        _ = records[20_000]


def test_names_are_listed_in_order_of_appearance(many: Path) -> None:
    records = RecordFile(many)
    assert records.splits == SPLITS
    assert records.tasks == TASKS
    assert records.datasets == tuple(f"set{number}" for number in range(7))
    assert records.root == many.parent
    assert records.image_path(records[3].images[0]) == many.parent / "images" / "3.png"


@pytest.mark.parametrize("split", [None, "val", "nowhere"])
@pytest.mark.parametrize("task", [None, "vqa", "nothing"])
@pytest.mark.parametrize("dataset", [None, "set3", "none"])
def test_a_selection_has_exactly_its_cases(
    tmp_path: Path, split: str | None, task: str | None, dataset: str | None
) -> None:
    records = RecordFile(written(tmp_path / "records.jsonl", range(200)))
    expected = [
        case.id
        for each in map(record, range(200))
        for case in each.cases()
        if split in (None, each.split)
        and dataset in (None, each.dataset)
        and task in (None, case.turn.task)
    ]
    selected = records.cases(split=split, task=task, dataset=dataset)
    assert [case.id for case in selected] == expected
    assert len(selected) == len(expected)
    assert [case.id for case in selected[3:9:2]] == expected[3:9:2]


def test_selecting_parses_no_record(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RecordFile(many)
    monkeypatch.setattr(Record, "model_validate_json", lambda line: pytest.fail("parsed"))
    monkeypatch.setattr(recordindex, "_build", lambda *args: pytest.fail("indexed again"))
    assert len(RecordFile(many).cases(split="train", task="vqa")) > 1000


def test_the_index_follows_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "records.jsonl", range(10))
    assert len(RecordFile(path)) == 10
    written(path, range(20, 25))
    assert [each.id for each in RecordFile(path)] == [f"record-{n}" for n in range(20, 25)]
    before = path.stat()
    path.write_text(path.read_text().replace('"split":"train"', '"split":"xxxxx"'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert path.stat().st_size == before.st_size
    assert RecordFile(path).splits == ("xxxxx", "val", "test")


@pytest.mark.parametrize("damage", [b"", b"DSCOPE01", b"\xff" * 4096])
def test_a_damaged_index_is_built_anew(tmp_path: Path, damage: bytes) -> None:
    path = written(tmp_path / "records.jsonl", range(10))
    RecordFile(path)
    index = path.with_name("records.jsonl.index")
    whole = index.read_bytes()
    codes = len(whole) - 3 * 4 * 10
    swapped = whole[: codes - 24] + whole[codes - 16 : codes - 8] + whole[codes - 24 : codes - 16]
    ragged = swapped + whole[codes - 8 :]  # two lines' offsets have changed places
    for broken in (damage, whole[:-8], whole[:200] + b"\xff" * (len(whole) - 200), ragged):
        index.write_bytes(broken)
        assert [each.id for each in RecordFile(path)] == [f"record-{n}" for n in range(10)]
        assert index.read_bytes() == whole


def test_without_a_place_for_it_the_index_stays_in_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "records.jsonl", range(10))
    path.with_name("records.jsonl.index").mkdir()
    assert RecordFile(path)[9] == record(9)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    for content in ("", "\n\n"):
        path = tmp_path / "records.jsonl"
        path.write_text(content)
        assert len(RecordFile(path)) == len(RecordFile(path).cases(task="vqa")) == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"records\.jsonl: there is no such record file"):
        RecordFile(tmp_path / "records.jsonl")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "EOF while parsing"),
        ("[]", "object"),
        ('{"id": "a", "split": "train", "dataset": "d"}', "turns: Field required"),
        ('{"id": "a", "split": 3, "dataset": "d", "turns": []}', "split: Input should be"),
    ],
)
def test_a_line_that_is_no_record_is_an_error_on_opening(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(f"{record(1).model_dump_json()}\n\n{line}\n")
    with pytest.raises(InputError, match=rf"records\.jsonl, line 3: .*{reason}"):
        RecordFile(path)


def test_a_record_with_a_wrong_value_is_an_error_when_it_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    wrong = record(2).model_dump_json().replace('"width":8', '"width":0')
    path.write_text(f"\n{record(1).model_dump_json()}\n\n{wrong}")
    records = RecordFile(path)
    assert records[0] == record(1)
    with pytest.raises(InputError, match=r"records\.jsonl, line 4: images\.0\.width: .*greater"):
        _ = records[1]
    lines = list(read_lines(path))
    assert [(line.number, line.record is None) for line in lines] == [(2, False), (4, True)]
    assert "images.0.width" in lines[1].reason


def test_a_repeated_id_is_refused_on_opening(tmp_path: Path) -> None:
    path = written(tmp_path / "records.jsonl", range(5))
    path.write_text(path.read_text() + record(3).model_dump_json())
    with pytest.raises(InputError, match="'record-3' is given twice"):
        RecordFile(path)


def test_writing_refuses_a_repeated_id_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path / "records.jsonl", range(5))
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"records\.jsonl: the id 'record-7' is given twice"):
        written(path, (6, 7, 8, 7))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_writing_that_stops_midway_leaves_what_was_there(tmp_path: Path) -> None:
    def stopping() -> Iterator[Record]:
        yield record(6)
        raise KeyboardInterrupt

    path = written(tmp_path / "records.jsonl", range(5))
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_records(path, stopping())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "records.jsonl", range(3))
    other = written(tmp_path / "other.jsonl", range(3))
    assert RecordFile(path).digest() == RecordFile(other).digest()
    assert RecordFile(path).digest() != RecordFile(written(other, range(4))).digest()
    assert len(RecordFile(path).digest()) == 64


_OPENING = """
import re, sys, time
from pathlib import Path
from diascope.recordfile import RecordFile
began = time.perf_counter()
records = RecordFile(Path(sys.argv[1]))
cases = records.cases(split="val", task="vqa")
seconds = time.perf_counter() - began
assert cases[len(cases) // 2].turn.task == "vqa"
# the peak of this program alone: getrusage counts what the process that started it had in memory
peak = int(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(records[999_999].id, seconds, peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads its memory from /proc")
def test_a_million_records_open_in_200_mb(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = written(tmp_path / "records.jsonl", range(1_000_000))
    RecordFile(path)
    opened = subprocess.run(  # a process of its own, so that its memory is that of the opening
        [sys.executable, "-c", _OPENING, path], check=True, capture_output=True, text=True
    )
    last, seconds, megabytes = opened.stdout.split()
    assert last == "record-999999"
    assert float(megabytes) < 200
    record_property("seconds to open a million records", float(seconds))


def test_groups_are_the_selections_that_hold_something(phantom: Path) -> None:
    records = RecordFile(phantom)
    for by, names in (("task", records.tasks), ("dataset", records.datasets)):
        groups = records.groups(by, "train")  # type: ignore[arg-type]
        counts = {name: len(records.cases("train", **{by: name})) for name in names}
        assert {name: len(cases) for name, cases in groups.items()} == {
            name: count for name, count in counts.items() if count
        }
    assert records.groups("task", "nowhere") == {}
