"""Sets of JSON lines: what tells of an image has to fit it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.sources import source
from diascope.sources.source import Problem

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", ["bccd", "dsb2018", "hannover_covid_cxr", "hc18"])
def test_a_smaller_copy_of_an_image_is_told(name, tmp_path):
    root = shutil.copytree(FIXTURES / name / "raw", tmp_path / "raw")
    before = list(source(name).read(root))
    path = root / before[1].images[0].path
    with Picture.open(path) as picture:
        picture.reduce(2).save(path)
    first, problem, *others = source(name).read(root)
    assert isinstance(problem, Problem)
    assert problem.row == 2
    assert "its annotation says" in problem.reason
    assert [first, *others] == [before[0], *before[2:]]


@pytest.mark.parametrize("line", ["", "[]", "{", "7", "{}"])
def test_a_line_that_is_no_row_is_told(line, tmp_path):
    root = shutil.copytree(FIXTURES / "bccd" / "raw", tmp_path / "raw")
    file = root / "annotations.jsonl"
    file.write_text(f"{line}\n{file.read_text()}")
    problem, *records = source("bccd").read(root)
    assert (problem.file, problem.row) == ("annotations.jsonl", 1)
    assert len(records) == 4


@pytest.mark.parametrize("pixels", [np.zeros((28, 36, 3), np.uint8), None])
def test_a_mask_that_is_no_map_of_numbers_is_told(pixels, tmp_path):
    root = shutil.copytree(FIXTURES / "dsb2018" / "raw", tmp_path / "raw")
    name = "masks/9a01b2c3d4e5.png"
    if pixels is None:
        (root / name).write_bytes((root / name).read_bytes()[:60])
    else:
        Picture.fromarray(pixels).save(root / name)
    problem, *records = source("dsb2018").read(root)
    assert problem.row == 1
    assert "9a01b2c3d4e5.png" in problem.reason
    assert len(records) == 3


def test_a_nucleus_whose_number_needs_more_than_eight_bits_is_outlined():
    (record, *_) = source("dsb2018").read(FIXTURES / "dsb2018" / "raw")
    (turn,) = (turn for turn in record.turns if turn.task == "segmentation")
    assert [mask.bounds for mask in turn.answer.masks] == [
        (2, 3, 10, 9),
        (20, 10, 29, 22),
        (12, 22, 17, 26),
    ]


def test_a_picture_with_many_nuclei_is_not_outlined():
    records = source("dsb2018").read(FIXTURES / "dsb2018" / "raw")
    outlined = [any(turn.task == "segmentation" for turn in each.turns) for each in records]
    assert outlined == [True, True, False, True]


@pytest.mark.parametrize(("name", "objects"), [("bccd", "objects"), ("dsb2018", "boxes")])
def test_an_object_that_is_gone_from_its_list_is_told_by_the_count(name, objects, tmp_path):
    root = shutil.copytree(FIXTURES / name / "raw", tmp_path / "raw")
    file = root / "annotations.jsonl"
    first, *others = file.read_text().splitlines()
    row = json.loads(first)
    row[objects].pop()
    file.write_text("\n".join([json.dumps(row), *others]))
    problem, *records = source(name).read(root)
    assert (problem.row, len(records)) == (1, 3)
    assert "of its boxes" in problem.reason
