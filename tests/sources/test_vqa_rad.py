"""vqa_rad: bad rows are told, and the set's own split is kept beside the record."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.source import Problem
from diascope.sources.vqa_rad import SOURCE

RAW = Path(__file__).parent / "fixtures" / "vqa_rad" / "raw"
FILE = "VQA_RAD Dataset Public.json"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def first(root, **other):
    row = json.loads((root / FILE).read_text())[0]
    (root / FILE).write_text(json.dumps([row | other]))
    (item,) = SOURCE.read(root)
    return item


@pytest.mark.parametrize(
    "other",
    [
        {"answer": "NULL"},
        {"answer": None},
        {"answer": ["yes"]},
        {"question": " "},
        {"image_name": "synpic9.jpg"},
        {"image_name": "../../truth.json"},
    ],
)
def test_a_bad_row_is_a_problem(root, other):
    item = first(root, **other)
    assert isinstance(item, Problem)
    assert (item.file, item.row) == (FILE, 1)


def test_a_row_that_is_no_object_is_a_problem(root):
    (root / FILE).write_text('[["yes"], {}]')
    assert [item.row for item in SOURCE.read(root) if isinstance(item, Problem)] == [1, 2]


def test_the_sets_own_split_stays_in_the_metadata(root):
    item = first(root, phrase_type="test_para", question_type="ATRIB, Other")
    assert (item.split, item.metadata["official_split"]) == ("", "test")
    assert item.metadata["question_type"] == "ATTRIB, OTHER"


def test_yes_and_no_are_options_spelt_as_the_answer(root):
    assert first(root, answer="YES").turns[0].expects.options == ("YES", "NO")


@pytest.mark.parametrize("text", ["{}", "no json"])
def test_a_file_that_is_no_list_is_refused(root, text):
    (root / FILE).write_text(text)
    with pytest.raises(InputError, match="VQA_RAD"):
        list(SOURCE.read(root))
