"""COCO's layout: what is drawn is read back, and what is broken is told at its image."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources import source
from diascope.sources.source import Problem

WIDTH, HEIGHT = 12, 9
IMAGE = {"id": 7, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}
NODULE = {"id": 3, "name": "nodule"}
SQUARE = [1.0, 1.0, 4.0, 1.0, 4.0, 4.0, 1.0, 4.0]
OBJECT = {"image_id": 7, "category_id": 3, "bbox": [1, 1, 3, 3], "segmentation": [SQUARE]}


def written(root, annotations, images=(IMAGE,), part="train2017"):
    (root / "annotations").mkdir(exist_ok=True)
    (root / part).mkdir(exist_ok=True)
    Picture.new("L", (WIDTH, HEIGHT)).save(root / part / "a.png")
    told = {"images": list(images), "categories": [NODULE], "annotations": annotations}
    (root / f"annotations/instances_{part}.json").write_text(json.dumps(told))
    return root


def items(root):
    return list(source("coco").read(root))


def turns_of(root):
    (record,) = items(root)
    return {turn.task: turn for turn in record.turns}


def reason(root):
    (problem,) = items(root)
    assert isinstance(problem, Problem)
    return problem.reason


def runs_of(mask):
    """COCO's counts: unset, set, unset, ... down the columns."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return [0, *counts] if flat[0] else counts


@given(
    left=st.integers(0, WIDTH - 1),
    top=st.integers(0, HEIGHT - 1),
    right=st.integers(1, WIDTH),
    bottom=st.integers(1, HEIGHT),
)
def test_boxes_and_masks_in_run_lengths_are_read_back(left, top, right, bottom):
    left, right = min(left, right - 1), max(right, left + 1)
    top, bottom = min(top, bottom - 1), max(bottom, top + 1)
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top:bottom, left:right] = True
    drawn = OBJECT | {
        "bbox": [left, top, right - left, bottom - top],
        "segmentation": {"size": [HEIGHT, WIDTH], "counts": runs_of(mask)},
    }
    with TemporaryDirectory() as folder:
        found = turns_of(written(Path(folder), [drawn]))
    assert [box.corners for box in found["detection"].answer.boxes] == [(left, top, right, bottom)]
    assert [each.bounds for each in found["segmentation"].answer.masks] == [
        (left, top, right, bottom)
    ]


def test_a_limit_holds_for_all_images_of_all_parts(tmp_path):
    written(tmp_path, [OBJECT] * 17)
    written(tmp_path, [OBJECT] * 40, part="val2017")
    assert {record.turns[0].expects.limit for record in items(tmp_path)} == {32}


def test_a_set_without_outlines_is_not_asked_for_them(tmp_path):
    assert set(turns_of(written(tmp_path, [OBJECT | {"segmentation": []}]))) == {"detection"}


def test_a_crowd_is_no_object(tmp_path):
    found = turns_of(written(tmp_path, [OBJECT, OBJECT | {"iscrowd": 1}]))
    assert set(found) == {"grounding", "segmentation"}
    assert len(found["grounding"].answer.boxes) == 1


@pytest.mark.parametrize("place", ["images/train2017", "images"])
def test_images_may_lie_in_a_folder_of_images(tmp_path, place):
    written(tmp_path, [OBJECT])
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / "train2017/a.png").rename(tmp_path / place / "a.png")
    (record,) = items(tmp_path)
    assert record.images[0].path == f"{place}/a.png"


def test_a_part_of_another_name_has_no_split(tmp_path):
    (record,) = items(written(tmp_path, [OBJECT], part="default"))
    assert record.split == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bbox": [1, 1, 3]}, "a bbox of it has 3 numbers, not 4"),
        ({"bbox": "1 1 3 3"}, "a bbox of it is no list of numbers"),
        ({"bbox": [1, 1, 0, 3]}, "no area"),
        ({"category_id": 4}, "category_id that is not in categories"),
        ({"category_id": None}, "category_id that is not in categories"),
        ({"segmentation": [[1, 1, 4]]}, "an odd number"),
        ({"segmentation": [[1, 1, 4, 4]]}, "at least 3"),
        ({"segmentation": 5}, "neither polygons nor run lengths"),
        ({"segmentation": {"size": [9, 9], "counts": [81]}}, "another size than the image"),
        ({"segmentation": {"size": [9, 12], "counts": [81]}}, "do not fill"),
        ({"segmentation": {"size": [9, 12], "counts": None}}, "no list of numbers"),
    ],
)
def test_a_broken_annotation_is_told_at_its_image(tmp_path, change, why):
    assert why in reason(written(tmp_path, [OBJECT | change]))


def test_an_image_of_another_size_than_told_is_refused(tmp_path):
    assert "12 x 9, its annotation says 9 x 12" in reason(
        written(tmp_path, [], [IMAGE | {"width": HEIGHT, "height": WIDTH}])
    )


def test_an_image_may_not_lie_outside(tmp_path):
    assert "points out of its folder" in reason(
        written(tmp_path, [], [IMAGE | {"file_name": "../../a.png"}])
    )


@pytest.mark.parametrize("image", [8, None, [7]])
def test_an_annotation_of_an_image_that_is_not_listed_is_a_problem(tmp_path, image):
    record, problem = items(written(tmp_path, [OBJECT | {"image_id": image}]))
    assert record.turns[0].answer.boxes == ()
    assert "that it does not list" in problem.reason


@pytest.mark.parametrize("key", ["images", "categories", "annotations"])
def test_a_file_without_a_list_is_refused_by_name(tmp_path, key):
    file = written(tmp_path, [OBJECT]) / "annotations/instances_train2017.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: {"a": 1}}))
    with pytest.raises(InputError, match=f"no list of {key}"):
        items(tmp_path)


def test_a_folder_without_instances_is_refused(tmp_path):
    with pytest.raises(InputError, match="annotations/instances"):
        items(tmp_path)


def test_an_id_of_two_images_is_told_for_both(tmp_path):
    told = items(written(tmp_path, [OBJECT], images=(IMAGE, IMAGE)))
    assert [item.row for item in told if isinstance(item, Problem)] == [1, 2]


@pytest.mark.parametrize("other", [NODULE | {"name": "mass"}, {"name": "mass"}])
def test_a_category_without_an_id_of_its_own_is_refused(tmp_path, other):
    written(tmp_path, [OBJECT])
    file = tmp_path / "annotations/instances_train2017.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"categories": [NODULE, other]}))
    with pytest.raises(InputError, match="a category has no id, or that of another"):
        items(tmp_path)
