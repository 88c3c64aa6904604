"""Our own format as a source: every line is a record or a problem with its number."""

from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.expectations import Free
from diascope.records import Image, Record, Turn
from diascope.sources import source
from diascope.sources.jsonl import SOURCE
from diascope.sources.source import Problem


def record(name: str, **metadata: str) -> Record:
    return Record(
        id=name,
        dataset="d",
        patient="p",
        study="s",
        split="",
        images=(Image(path="a.png", width=1, height=1),),
        turns=(Turn(task="report", question="?", expects=Free()),),
        metadata=metadata,
    )


def test_it_is_found_by_name() -> None:
    assert source("jsonl") is SOURCE


def test_records_come_with_their_place_and_bad_lines_are_problems(tmp_path: Path) -> None:
    good, moved = record("r1"), record("r2", file="old.json", row="7")
    lines = [good.model_dump_json(), "", '{"id": 3}', "{", moved.model_dump_json()]
    (tmp_path / "records.jsonl").write_text("\n".join(lines))
    first, second, third, last = SOURCE.read(tmp_path)
    place = {"file": "records.jsonl", "row": "1"}
    assert first == good.model_copy(update={"metadata": place})
    assert isinstance(second, Problem)
    assert (second.file, second.row, second.reason[:3]) == ("records.jsonl", 3, "id:")
    assert isinstance(third, Problem)
    assert third.row == 4
    assert last == moved


def test_a_folder_without_records(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"records\.jsonl: there is no such file"):
        list(SOURCE.read(tmp_path))
