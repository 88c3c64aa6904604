"""slake: what is drawn wrongly is told of its image; closed worlds come from training images."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources.slake import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "slake" / "raw"
LUNG = "imgs/xmlab106"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(root):
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def drawn(root, name):
    return next(item for item in SOURCE.read(root) if getattr(item, "id", "") == f"{name}/drawn")


def test_a_value_that_has_no_name_is_refused(root):
    mask = np.zeros((30, 40), np.uint8)
    mask[4:9, 4:9] = 99
    Picture.fromarray(mask).save(root / LUNG / "mask.png")
    (problem,) = problems(root)
    assert problem.file == f"{LUNG}/source.jpg"
    assert "99" in problem.reason


def test_a_mask_of_another_size_is_refused(root):
    Picture.new("L", (3, 3)).save(root / LUNG / "mask.png")
    assert "another size" in problems(root)[0].reason


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"Liver": [1, 2, 3]}]', '[{"Liver": 1}]', "["])
def test_bad_boxes_are_a_problem_of_their_image(root, text):
    (root / LUNG / "detection.json").write_text(text)
    assert [problem.file for problem in problems(root)] == [f"{LUNG}/source.jpg"]


def test_a_lesion_painted_over_a_lung_leaves_the_lung_whole(root):
    masks = drawn(root, "xmlab106").turns[1].answer.masks
    assert [mask.doubled_area / 2 for mask in masks if mask.label == "Right Lung"] == [240]


def test_boxes_of_a_validation_image_shape_no_question(root):
    boxes = [{"Heart": [1, 1, 5, 5]}] * 40
    (root / "imgs/xmlab128/detection.json").write_text(json.dumps(boxes))
    asked = drawn(root, "xmlab0").turns[0].expects
    assert "Heart" not in asked.labels
    assert asked.limit == 16


def test_without_its_names_a_mask_is_not_read(root):
    (root / "mask.txt").unlink()
    assert len(drawn(root, "xmlab106").turns) == 1


def test_a_bad_row_is_a_problem(root):
    rows = [{"img_name": "xmlab0/source.jpg", "question": "Which?", "answer": "", "qid": 1}, 5, {}]
    (root / "test.json").write_text(json.dumps(rows))
    assert [(each.file, each.row) for each in problems(root)] == [
        ("test.json", number) for number in (1, 2, 3)
    ]


def test_a_folder_without_splits_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"train\.json"):
        list(SOURCE.read(tmp_path))
