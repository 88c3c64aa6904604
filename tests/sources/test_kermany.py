"""kermany: a person of both folders is one, and a row that contradicts itself is told."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.records import Record
from diascope.sources.kermany import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "kermany" / "raw"


def read(tmp_path, **changes):
    """The fixture, whose last row, a normal image of the test part, is changed."""
    root = shutil.copytree(RAW, tmp_path / "raw")
    file = root / "annotations.jsonl"
    *rows, last = map(json.loads, file.read_text().splitlines())
    lines = (json.dumps(row) for row in (*rows, last | changes))
    file.write_text("\n".join(lines))
    return list(SOURCE.read(root))[-1]


def test_the_folder_is_no_part_of_a_person(tmp_path):
    assert read(tmp_path, patient_token="test:P9003").patient == "P9003"


@pytest.mark.parametrize(
    "changes",
    [{"pneumonia": True}, {"label": "viral_pneumonia"}, {"pneumonia": "?"}, {"split": "tset"}],
)
def test_a_row_that_contradicts_itself_or_has_no_split_is_told(tmp_path, changes):
    assert isinstance(read(tmp_path), Record)
    shutil.rmtree(tmp_path / "raw")
    problem = read(tmp_path, **changes)
    assert isinstance(problem, Problem)
    assert (problem.file, problem.row) == ("annotations.jsonl", 7)
