"""mimic_cxr_vqa: an answer is a list, and an empty one says none."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.answers import Choice, Text
from diascope.errors import InputError
from diascope.sources.mimic_cxr_vqa import SOURCE
from diascope.sources.source import Problem

FIXTURE = Path(__file__).parent / "fixtures" / "mimic_cxr_vqa"
RAW = FIXTURE / "raw"
VALID = "mimic-ext-mimic-cxr-vqa-1.0.0/MIMIC-Ext-MIMIC-CXR-VQA/dataset/valid.json"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def said(record):
    match record.turns[0].answer:
        case Choice(option=option):
            return option
        case Text(text=text):
            return text


def test_every_answer_is_read_several_joined_and_none_told():
    facts = json.loads((FIXTURE / "truth.json").read_text())["facts"]
    told = {(each.images[0].path, each.turns[0].question): said(each) for each in SOURCE.read(RAW)}
    for fact in facts:
        joined = fact["answer"] if isinstance(fact["answer"], str) else ", ".join(fact["answer"])
        assert told[fact["image"], fact["question"]] == (joined or "none")


@pytest.mark.parametrize(
    "other",
    [{"answer": "yes"}, {"answer": None}, {"image_path": "p10/x.jpg"}, {"image_path": "../a.jpg"}],
)
def test_a_bad_row_is_a_problem(root, other):
    (row,) = json.loads((root / VALID).read_text())
    (root / VALID).write_text(json.dumps([row | other]))
    told = [item for item in SOURCE.read(root) if isinstance(item, Problem)]
    assert [(each.file, each.row) for each in told] == [(VALID, 1)]


def test_a_missing_part_is_refused(root):
    (root / VALID).unlink()
    with pytest.raises(InputError, match=r"valid\.json"):
        list(SOURCE.read(root))
