"""Traps of ChestX-Det that its fixture does not show."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.chestx_det import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "chestx_det" / "raw"
TRAIN = "ChestX-Det-Dataset/ChestX_Det_train.json"
OLD_TRAIN = "ChestX-Det10-Dataset/train.json"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def change(raw, file, **fields):
    """Of the first image in a list."""
    told = json.loads((raw / file).read_text())
    told[0] |= fields
    (raw / file).write_text(json.dumps(told))


def test_a_folder_without_lists_is_refused(tmp_path):
    with pytest.raises(InputError, match="ChestX_Det_train"):
        list(SOURCE.read(tmp_path))


def test_what_is_no_list_is_refused(raw):
    (raw / TRAIN).write_text("{}")
    with pytest.raises(InputError, match="ChestX_Det_train"):
        list(SOURCE.read(raw))


@pytest.mark.parametrize("release", ["ChestX-Det-Dataset", "ChestX-Det10-Dataset"])
def test_either_release_may_be_missing(raw, release):
    shutil.rmtree(raw / release)
    assert SOURCE.recognises(raw)
    assert not problems(raw)
    assert [item for item in SOURCE.read(raw) if isinstance(item, Record)]


@pytest.mark.parametrize(
    "fields",
    [
        {"file_name": None},
        {"file_name": "../36204.png"},
        {"file_name": "99999.png"},
        {"syms": None},
        {"syms": ["Consolidation", "Effusion", "Nodul"]},
        {"syms": ["Consolidation", "Effusion", ["Nodule"]]},
        {"syms": ["Nodule"]},
        {"boxes": [[4, 22, 17, 34], [4, 22, 17, 34]]},
        {"boxes": [[4, 22, 17, 34], [4, 22, 17, 34], [30, 6, 40]]},
        {"boxes": [[4, 22, 17, 34], [4, 22, 17, 34], [30, 6, 40, None]]},
        {"boxes": [[4, 22, 17, 34], [4, 22, 17, 34], [30, 6, 30, 20]]},
        {"polygons": None},
        {"polygons": [[[0, 0], [1, 1]], [], []]},
        {"polygons": [7, 7, 7]},
        {"polygons": [[[0, 0], [1, 0], ["x", 1]]] * 3},
    ],
)
def test_a_bad_image_is_a_problem_of_its_place(raw, fields):
    change(raw, TRAIN, **fields)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 1)


def test_what_is_no_image_is_a_problem(raw):
    (raw / TRAIN).write_text('["36204.png"]')
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 1)


def test_a_finding_of_the_larger_release_is_none_of_the_smaller(raw):
    change(raw, OLD_TRAIN, syms=["Cardiomegaly", "Fibrosis"])
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (OLD_TRAIN, 1)


def test_polygons_need_not_be_closed(raw):
    told = json.loads((raw / TRAIN).read_text())[0]["polygons"]
    before = next(iter(SOURCE.read(raw))).turns
    change(raw, TRAIN, polygons=[polygon[:-1] for polygon in told])
    assert next(iter(SOURCE.read(raw))).turns == before
