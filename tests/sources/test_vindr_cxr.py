"""Traps of VinDr-CXR that its fixture does not show."""

import shutil
from pathlib import Path

import pytest
from pydicom import dcmread

from diascope.answers import Boxes
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.source import Problem
from diascope.sources.vindr_cxr import SOURCE

RAW = Path(__file__).parent / "fixtures" / "vindr_cxr" / "raw"
LABELS, BOXES = "annotations/image_labels_train.csv", "annotations/annotations_train.csv"
HEART, NODULE = "00000000000000000000000000a1b2c3", "2222222222222222222222222222c3d4"
FIRST_BOX = f"{HEART},R8,Cardiomegaly,6.25,12.5,20,24.75"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


def record(raw, name):
    found = (item for item in SOURCE.read(raw) if isinstance(item, Record) and item.id == name)
    return next(found)


def looked_for(record):
    return next(turn for turn in record.turns if turn.task == "instance_detection")


def corners(record):
    return [box.corners for box in looked_for(record).answer.boxes]


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (LABELS, "rad_id"),
        (LABELS, "Nodule/Mass"),
        ("annotations/image_labels_test.csv", "Other disease"),
        (BOXES, "x_min"),
        ("annotations/annotations_test.csv", "class_name"),
    ],
)
def test_a_table_without_a_column_is_refused_by_its_name(raw, table, column):
    replaced(raw / table, column, "else")
    with pytest.raises(InputError, match=f"'{column}'"):
        list(SOURCE.read(raw))


@pytest.mark.parametrize(
    "new",
    [
        f"{HEART},R8,Cardiomegly,6.25,12.5,20,24.75",
        f"{HEART},R8,Cardiomegaly,6.25,twelve,20,24.75",
        f"{HEART},R8,Cardiomegaly,6.25,12.5,20,12.5",
        f"{HEART},R8,Cardiomegaly,,,,",
        f"{HEART},R8,No finding,6.25,12.5,20,24.75",
        f"{HEART},R8,No finding,6.25,,,",
        f"{HEART},R8,COPD,6.25,12.5,20,24.75",
    ],
)
def test_a_bad_annotation_is_charged_to_its_image(raw, new):
    replaced(raw / BOXES, FIRST_BOX, new)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (LABELS, 2)
    assert "line 2" in problem.reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{HEART},R9,0", f"{HEART},R9,2"),
        (f"{HEART},R9,0", f"{HEART},R9,"),
        (f"{HEART},R9,", f"{HEART},R8,"),
        (f"{HEART},R9,", f"{HEART[:-1]}4,R9,"),
        (f"{HEART},R9,0,0,0,1{',0' * 23},0", f"{HEART},R9,0,0,0,1{',0' * 23},1"),
    ],
)
def test_a_bad_label_row_is_a_problem_of_its_image(raw, old, new):
    replaced(raw / LABELS, old, new)
    assert (LABELS, 2) in [(problem.file, problem.row) for problem in problems(raw)]
    assert HEART not in [item.id for item in SOURCE.read(raw) if isinstance(item, Record)]


def test_an_annotation_of_an_image_without_labels_is_a_problem(raw):
    replaced(raw / BOXES, FIRST_BOX, FIRST_BOX.replace(HEART, "f" * 32))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (BOXES, 2)


def test_an_image_that_is_missing_or_damaged_is_a_problem(raw):
    (raw / f"train/{HEART}.dicom").unlink()
    path = raw / f"train/{NODULE}.dicom"
    path.write_bytes(path.read_bytes()[:200])
    assert [(problem.file, problem.row) for problem in problems(raw)] == [(LABELS, 2), (LABELS, 8)]
    assert not [problem for problem in problems(raw) if str(raw) in problem.reason]


def test_boxes_of_two_readers_are_fused(raw):
    assert corners(record(raw, NODULE)) == [(4.3125, 5.375, 9.9375, 10.375)]


def test_a_finding_whose_place_is_disputed_is_not_looked_for(raw):
    """Two readers see a nodule, each in another place: it is there, and nobody knows where."""
    for reader in ("R10", "R8"):
        replaced(raw / BOXES, f"{NODULE},{reader},Nodule/Mass,4", f"{NODULE},{reader},ILD,4")
    replaced(raw / BOXES, f"{NODULE},R9,Pleural effusion", f"{NODULE},R9,Nodule/Mass")
    found = record(raw, NODULE)
    assert "Nodule/Mass" in found.turns[0].answer.present
    assert "Nodule/Mass" not in looked_for(found).expects.labels
    # boxes without a label to go with them are left out as well
    assert "ILD" not in looked_for(found).expects.labels
    assert corners(found) == []


def test_boxes_follow_the_pixels_that_were_made_square(raw):
    path = raw / f"train/{HEART}.dicom"
    dataset = dcmread(path)
    dataset.PixelSpacing = ["0.278", "0.139"]
    dataset.save_as(path)
    found = record(raw, HEART)
    assert found.images[0].height == 60
    assert corners(found) == [(6.25, 25, 20, 49.5)]


def test_sex_and_age_are_asked_where_a_header_tells_them(raw):
    path = raw / f"train/{HEART}.dicom"
    dataset = dcmread(path)
    dataset.PatientSex, dataset.PatientAge = "F", "061Y"
    dataset.save_as(path)
    told = [turn.answer for turn in record(raw, HEART).turns if "patient" in turn.question]
    assert [told[0].option, told[1].value] == ["female", 61]


def test_an_age_of_nought_stands_for_none(raw):
    path = raw / f"train/{HEART}.dicom"
    dataset = dcmread(path)
    dataset.PatientAge = "000Y"
    dataset.save_as(path)
    assert not [turn for turn in record(raw, HEART).turns if turn.task == "regression"]


def test_every_present_finding_is_grounded_by_its_own_boxes(raw):
    found = record(raw, "3333333333333333333333333333d4e5")
    grounded = {
        turn.expects.labels: len(turn.answer.boxes)
        for turn in found.turns
        if turn.task == "grounding" and isinstance(turn.answer, Boxes)
    }
    assert grounded == {("Aortic enlargement",): 1, ("Cardiomegaly",): 1, ("Rib fracture",): 2}
