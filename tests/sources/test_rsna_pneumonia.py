"""Traps of RSNA's set that its fixture does not show."""

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from diascope.answers import Boxes
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.rsna_pneumonia import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "rsna_pneumonia" / "raw"
LABELS, CLASSES = "stage_2_train_labels.csv", "stage_2_detailed_class_info.csv"
FIRST, SECOND = (f"0a01c0de-0000-4000-8000-00000000000{number}" for number in (1, 2))
FILE = f"stage_2_train_images/{SECOND}.dcm"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def record(raw, name):
    found = (item for item in SOURCE.read(raw) if isinstance(item, Record) and item.id == name)
    return next(found)


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(("table", "column"), [(LABELS, "Target"), (CLASSES, "class")])
def test_a_table_without_a_column_is_refused_by_its_name(raw, table, column):
    replaced(raw / table, column, "other")
    with pytest.raises(InputError, match=f"'{column}'"):
        list(SOURCE.read(raw))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("25.0,6.0,10.0,18.0,1", "25.0,six,10.0,18.0,1"),
        ("25.0,6.0,10.0,18.0,1", "25.0,6.0,-10.0,18.0,1"),
        ("25.0,6.0,10.0,18.0,1", ",,,,1"),
        ("25.0,6.0,10.0,18.0,1", ",,,,0"),
        ("25.0,6.0,10.0,18.0,1", "25.0,6.0,10.0,18.0,2"),
    ],
)
def test_a_bad_row_is_charged_to_its_image(raw, old, new):
    replaced(raw / LABELS, old, new)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (LABELS, 3)


def test_an_unknown_class_is_a_problem(raw):
    replaced(raw / CLASSES, f"{FIRST},No Lung Opacity", f"{FIRST},Lung Opacty")
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (LABELS, 2)


def test_a_labelled_image_that_is_missing_is_a_problem(raw):
    (raw / FILE).unlink()
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (LABELS, 3)
    assert "missing" in problem.reason


def test_an_image_that_no_row_labels_is_asked_no_finding(raw):
    lines = (raw / LABELS).read_text().splitlines(keepends=True)
    (raw / LABELS).write_text("".join(line for line in lines if FIRST not in line))
    tasks = {turn.task for turn in record(raw, FIRST).turns}
    assert tasks == {"classification", "regression"}
    assert record(raw, FIRST).split == "train"


def test_boxes_follow_the_pixels_that_were_made_square(raw):
    dataset = dcmread(raw / FILE)
    dataset.PixelSpacing = ["0.278", "0.139"]
    dataset.save_as(raw / FILE)
    found = record(raw, SECOND)
    (boxes,) = (turn.answer for turn in found.turns if isinstance(turn.answer, Boxes))
    assert found.images[0].height == 64
    assert boxes.boxes[0].corners == (4, 16, 13, 46)


@pytest.mark.parametrize("element", ["PatientID", "StudyInstanceUID"])
def test_an_image_of_no_patient_is_a_problem(raw, element):
    dataset = dcmread(raw / FILE)
    setattr(dataset, element, "")
    dataset.save_as(raw / FILE)
    (problem,) = problems(raw)
    assert element in problem.reason


def test_what_the_header_does_not_tell_is_not_asked(raw):
    dataset = dcmread(raw / FILE)
    del dataset.PatientSex, dataset.PatientAge, dataset.ViewPosition
    dataset.save_as(raw / FILE)
    questions = [turn.question for turn in record(raw, SECOND).turns]
    assert not [asked for asked in questions if "patient" in asked or "view" in asked]


def test_a_damaged_file_is_a_problem(raw):
    (raw / FILE).write_bytes((raw / FILE).read_bytes()[:200])
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (LABELS, 3)
    assert str(raw) not in problem.reason
