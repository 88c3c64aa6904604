"""LabelMe's layout: shapes are read back, and what is broken is told at its file."""

import base64
import io
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
TRIANGLE = [[1, 1], [5, 1], [1, 6]]


def shape(kind="polygon", points=TRIANGLE, label="nodule", **more):
    return {"label": label, "points": points, "shape_type": kind} | more


def written(root, *shapes, names=(), **more):
    Picture.new("L", (WIDTH, HEIGHT)).save(root / "a.png")
    told = {"shapes": shapes, "imagePath": "a.png", "imageData": None} | more
    (root / "a.json").write_text(json.dumps(told))
    if names:
        (root / "labels.txt").write_text("\n".join(["__ignore__", "_background_", *names]))
    return root


def items(root):
    return list(source("labelme").read(root))


def turns_of(root):
    (record,) = items(root)
    return {turn.task: turn for turn in record.turns}


def reason(root):
    (problem,) = items(root)
    assert isinstance(problem, Problem)
    assert problem.file == "a.json"
    return problem.reason


def picture_of(mask):
    buffer = io.BytesIO()
    Picture.fromarray(mask).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


points = st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT))


@given(points, points)
def test_a_rectangle_is_read_whatever_corners_it_has(one, other):
    (left, right), (top, bottom) = (sorted(sides) for sides in zip(one, other, strict=True))
    if right - left < 1e-3 or bottom - top < 1e-3:
        return
    with TemporaryDirectory() as folder:
        found = turns_of(written(Path(folder), shape("rectangle", [one, other])))
    assert set(found) == {"detection"}
    assert found["detection"].answer.boxes[0].corners == (left, top, right, bottom)


@given(st.integers(0, 8), st.integers(0, 6), st.integers(1, 4), st.integers(1, 3))
def test_a_mask_lies_at_its_place(left, top, width, height):
    mask = picture_of(np.ones((height, width), np.bool_))
    corners = [[left, top], [left + width - 1, top + height - 1]]
    with TemporaryDirectory() as folder:
        found = turns_of(written(Path(folder), shape("mask", corners, mask=mask)))
    bounds = (left, top, left + width, top + height)
    assert found["segmentation"].answer.masks[0].bounds == bounds
    assert found["detection"].answer.boxes[0].corners == bounds


def test_shapes_of_a_group_are_one_object_and_others_are_not(tmp_path):
    grouped = [shape(group_id=1), shape(group_id=1), shape(group_id=2), shape(), shape()]
    found = turns_of(written(tmp_path, *grouped))
    assert len(found["detection"].answer.boxes) == 4
    assert len(found["segmentation"].answer.masks) == 5


def test_what_has_no_area_is_not_asked_for(tmp_path):
    line = shape("linestrip", [[1, 1], [2, 2]], "catheter")
    found = turns_of(written(tmp_path, shape(), line, names=["nodule", "catheter"]))
    assert found["detection"].expects.labels == ("nodule",)


def test_a_file_with_flags_alone_was_not_searched_and_one_with_nothing_was(tmp_path):
    assert set(turns_of(written(tmp_path, flags={"normal": True}, names=["nodule"]))) == {
        "multilabel"
    }
    assert turns_of(written(tmp_path, names=["nodule"]))["detection"].answer.boxes == ()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (shape("rectangle", [[1, 1]]), "a rectangle has 1 points, not 2"),
        (shape("star"), "'star'; valid names: circle"),
        (shape(points=[]), "at least 3"),
        (shape(points=[[1, 1], [2, 2]]), "at least 3"),
        (shape(points=[[1, 1], [1, 2], [1, 3]]), "no area"),
        (shape(points=[[1, None]]), "shapes.0.points.0.1"),
        (shape(label="nodul"), "'nodul' is not in labels.txt, did you mean 'nodule'?"),
        (shape("mask", [[0, 0], [1, 1]], mask="!"), "no base64"),
        (shape("mask", [[0, 0], [1, 1]], mask="AAAA"), "not a PNG"),
        (shape("mask", [[0, 0], [1, 1]], mask=picture_of(np.ones((3, 2), bool))), "another size"),
    ],
)
def test_a_broken_shape_is_told_at_its_file(tmp_path, told, why):
    assert why in reason(written(tmp_path, told, names=["nodule"]))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"imagePath": "b.png"}, "'b.png' is missing"),
        ({"imagePath": "b.png", "imageData": "AAAA"}, "only in imageData; save it as 'b.png'"),
        ({"imagePath": "../../b.png"}, "points out of its folder"),
        ({"imageWidth": 9, "imageHeight": 12}, "12 x 9, its annotation says 9 x 12"),
        ({"shapes": None}, "not of this layout: shapes"),
    ],
)
def test_a_broken_file_is_told(tmp_path, more, why):
    assert why in reason(written(tmp_path, **more))


def test_a_file_that_is_no_json_is_told_and_the_others_are_read(tmp_path):
    (written(tmp_path, shape()) / "b.json").write_text("no json")
    _, problem = items(tmp_path)
    assert problem.file == "b.json"


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(InputError, match="json"):
        items(tmp_path)
