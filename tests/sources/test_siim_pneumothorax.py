"""Traps of the SIIM-ACR set that its fixture does not show."""

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from diascope.answers import Masks
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.siim_pneumothorax import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "siim_pneumothorax" / "raw"
TABLE = "train-rle.csv"
IMAGE = "1.2.276.0.7230010.3.1.4.8323329.132.1517870000.298"
RUNS = "708 8 24 8 24 8 24 8 24 5 27 5 27 5 27 5"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def masks(raw):
    (record,) = (item for item in SOURCE.read(raw) if isinstance(item, Record) and item.id == IMAGE)
    (answer,) = (turn.answer for turn in record.turns if isinstance(turn.answer, Masks))
    return answer.masks


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_table_without_a_column_is_refused_by_its_name(raw):
    replaced(raw / TABLE, "EncodedPixels", "Pixels")
    with pytest.raises(InputError, match="'EncodedPixels'"):
        list(SOURCE.read(raw))


@pytest.mark.parametrize("runs", ["708 8 24", "708 x", "1270 11", "", "708 0", "-1 5"])
def test_bad_runs_are_charged_to_their_image(raw, runs):
    replaced(raw / TABLE, RUNS, runs)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TABLE, 3)


def test_a_negative_that_has_runs_too_is_a_problem(raw):
    with (raw / TABLE).open("a") as file:
        file.write(f"\n{IMAGE}, -1\n")
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TABLE, 3)


def test_a_row_about_no_image_is_a_problem(raw):
    replaced(raw / TABLE, IMAGE, f"{IMAGE}.1")
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TABLE, 3)
    assert "missing" in problem.reason


def test_outlines_follow_the_pixels_that_were_made_square(raw):
    (before,) = masks(raw)
    (file,) = raw.glob(f"*/*/*/{IMAGE}.dcm")
    dataset = dcmread(file)
    dataset.PixelSpacing = ["0.278", "0.139"]
    dataset.save_as(file)
    (after,) = masks(raw)
    assert after.polygon == tuple((x, 2 * y) for x, y in before.polygon)
