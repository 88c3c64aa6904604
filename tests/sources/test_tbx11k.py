"""Traps of TBX11K that its fixture does not show."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.source import Problem
from diascope.sources.tbx11k import SOURCE

RAW = Path(__file__).parent / "fixtures" / "tbx11k" / "raw"
BOXES = "annotations/json/all_trainval.json"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def change(raw, edit):
    told = json.loads((raw / BOXES).read_text())
    edit(told)
    (raw / BOXES).write_text(json.dumps(told))


def problems(raw):
    return [item for item in SOURCE.read(raw) if isinstance(item, Problem)]


@pytest.mark.parametrize("box", [None, [1, 2, 3], [1, 2, "x", 4], [1, 2, -3, 4], "1 2 3 4"])
def test_a_bad_box_is_charged_to_its_image(raw, box):
    change(raw, lambda told: told["annotations"][2].update(bbox=box))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == ("lists/all_train.txt", 2)


def test_a_box_of_an_unknown_type_is_charged_to_its_image(raw):
    change(raw, lambda told: told["annotations"][0].update(category_id=9))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == ("lists/all_train.txt", 1)


@pytest.mark.parametrize("image", [None, [1]])
def test_an_annotation_without_its_image_names_the_field(raw, image):
    change(raw, lambda told: told["annotations"][1].update(image_id=image))
    with pytest.raises(InputError, match="number 2 of its annotations has no 'image_id'"):
        list(SOURCE.read(raw))


def test_a_file_without_annotations_is_refused(raw):
    change(raw, lambda told: told.pop("annotations"))
    with pytest.raises(InputError, match="no list of annotations"):
        list(SOURCE.read(raw))


def test_a_listed_image_that_is_missing_is_a_problem(raw):
    (raw / "imgs/health/h0901.png").unlink()
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == ("lists/all_val.txt", 2)
    assert "missing" in problem.reason


def test_extras_of_one_name_in_two_folders_are_two_patients(raw):
    shutil.copy(raw / "imgs/extra/da+db/train/n11.png", raw / "imgs/extra/da+db/val/n11.png")
    with (raw / "lists/all_val.txt").open("a") as file:
        file.write("extra/da+db/val/n11.png\n")
    patients = {
        item.patient
        for item in SOURCE.read(raw)
        if isinstance(item, Record) and item.study == "n11"
    }
    assert len(patients) == 2


def test_withheld_labels_are_asked_without_an_answer_and_only_in_the_test():
    for item in SOURCE.read(RAW):
        answers = [turn.answer for turn in item.turns]
        assert all(answer is None for answer in answers) == (item.split == "test")
        assert None not in answers or item.split == "test"


@pytest.mark.parametrize(
    "name", ["tb/tb1199.png", "extra/da+db/val/px3.jpg", "extra/mc+shenzhen/val/MCUCXR_0117_1.png"]
)
def test_of_tuberculosis_without_a_box_neither_type_nor_place_is_asked(name):
    (record,) = (item for item in SOURCE.read(RAW) if item.id == name)
    assert [turn.question for turn in record.turns] == ["Is there tuberculosis?"]


@pytest.mark.parametrize("number", [0, 999])
def test_a_box_of_an_image_in_no_list_is_told(raw, number):
    """Its image is not in the file (999), or is in it and not in the lists."""
    change(raw, lambda told: told["images"].append({"id": 0, "file_name": "tb/tb9999.png"}))
    change(raw, lambda told: told["annotations"][4].update(image_id=number))
    problem = problems(raw)[-1]
    assert (problem.file, problem.row) == (BOXES, 5)
    assert "its image is in none of lists/all_train.txt" in problem.reason


def test_two_images_of_one_id_are_refused(raw):
    change(raw, lambda told: told["images"].append(told["images"][0]))
    with pytest.raises(InputError, match="two of its images have one id"):
        list(SOURCE.read(raw))
