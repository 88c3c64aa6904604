"""chexlocalize: what is not outlined is none only where the label says so; bad masks and rows."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.chexlocalize import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "chexlocalize" / "raw"
TABLE = "CheXpert/val_labels.csv"
MASKS = "CheXlocalize/gt_segmentations_val.json"
FRONTAL = "patient90001_study1_view1_frontal"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def read(root):
    return list(SOURCE.read(root))


def problems(root):
    return [item for item in read(root) if isinstance(item, Problem)]


def edited(root, change):
    masks = json.loads((root / MASKS).read_text())
    change(masks)
    (root / MASKS).write_text(json.dumps(masks))


def replaced(root, old, new):
    table = root / TABLE
    table.write_text(table.read_text().replace(old, new))


def outlined(record, image):
    return next(
        turn.expects.labels
        for turn in record.turns
        if turn.task == "segmentation" and turn.image == image
    )


def test_a_study_is_one_record_with_its_frontal_image_first(root):
    header, frontal, lateral, other = (root / TABLE).read_text().splitlines()
    (root / TABLE).write_text("\n".join((header, lateral, frontal, other)))
    record = read(root)[0]
    assert [image.view for image in record.images] == ["AP", "LATERAL"]
    assert [image.role for image in record.images] == ["main", "lateral"]


def test_a_present_finding_without_an_outline_is_not_asked_of_that_image():
    record = read(RAW)[0]
    frontal, lateral = outlined(record, 0), outlined(record, 1)
    assert "Cardiomegaly" in frontal
    assert "Support Devices" not in frontal
    assert "Cardiomegaly" not in lateral
    assert "Support Devices" in lateral
    assert {"Edema", "Pneumothorax"} <= set(frontal) & set(lateral)


def test_an_image_without_masks_has_what_its_labels_call_absent():
    record = next(item for item in read(RAW) if item.patient == "patient90002")
    (turn,) = (turn for turn in record.turns if turn.task == "segmentation")
    assert turn.answer.masks == ()
    assert len(turn.expects.labels) == 10


def test_an_empty_cell_is_unknown_and_minus_one_uncertain(root):
    replaced(root, "Female,58,Frontal,PA,1.0,0.0,0.0", "Female,58,Frontal,PA,,-1.0,0.0")
    record = next(item for item in read(root) if item.patient == "patient90002")
    turn = record.turns[0]
    assert "No Finding" not in turn.expects.labels
    assert turn.answer.uncertain == ("Enlarged Cardiomediastinum",)
    assert "Enlarged Cardiomediastinum" not in outlined(record, 0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("PA,1.0", "PA,2.0", "No Finding is 2"),
        ("PA,1.0", "PA,yes", "No Finding is no number"),
        ("CheXpert-v1.0/val/patient90002/study1/", "", "does not end in patient, study and view"),
        ("patient90002/study1/view1", "patient90002/study1/view9", "is missing"),
        ("Female,58", "Female,old", "the age is neither a number nor"),
    ],
)
def test_a_bad_cell_is_a_problem_of_its_row(root, old, new, reason):
    replaced(root, old, new)
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 4)
    assert reason in problem.reason


def test_labels_that_differ_within_a_study_are_a_problem(root):
    replaced(root, "Lateral,,0.0", "Lateral,,1.0")
    (problem,) = problems(root)
    assert "disagree in the column 'No Finding'" in problem.reason


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ({"size": [40, 32], "counts": "PX1"}, "of another size"),
        ({"size": [32, 40], "counts": "PX"}, "run lengths"),
        ({"size": [32, 40], "counts": "\x00"}, "no compressed COCO counts"),
        ({"size": [32, 40], "counts": [1, -1]}, "run"),
        ({"size": [32, 40], "counts": None}, "not those of this layout"),
        ({}, "not those of this layout"),
        ([], "not those of this layout"),
    ],
)
def test_a_bad_mask_is_a_problem_of_its_study(root, runs, reason):
    edited(root, lambda masks: masks[FRONTAL].update({"Edema": runs}))
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 2)
    assert reason in problem.reason


def test_masks_of_an_image_that_are_no_object_are_a_problem(root):
    edited(root, lambda masks: masks.update({FRONTAL: []}))
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (TABLE, 2)
    assert "no object by finding" in problem.reason


def test_masks_of_an_image_that_is_not_listed_are_a_problem(root):
    edited(root, lambda masks: masks.update({"patient9_study1_view1_frontal": {}}))
    (problem,) = problems(root)
    assert (problem.file, problem.row) == (MASKS, 3)


def test_one_part_alone_is_read(root):
    (root / "CheXpert/test_labels.csv").unlink()
    *records, problem = read(root)
    assert {record.split for record in records} == {"val"}
    assert problem.file == "CheXlocalize/gt_segmentations_test.json"
    assert problem.reason == "CheXpert/test_labels.csv is missing"


def test_a_table_without_a_finding_is_refused_by_its_name(root):
    replaced(root, "Edema", "Oedema")
    with pytest.raises(InputError, match=r"no column 'Edema'.*did you mean 'Oedema'"):
        read(root)


def test_masks_that_are_no_object_are_refused(root):
    (root / MASKS).write_text("[]")
    with pytest.raises(InputError, match="gt_segmentations_val"):
        read(root)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"CheXpert/val_labels\.csv"):
        read(tmp_path)
