"""PASCAL VOC's layout: boxes and outlines are read back, what is broken is told at its image."""

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
SIZE = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>1</depth></size>"
coordinates = st.floats(1, 9).map(lambda value: round(value, 2))


def drawn(corners=(2, 3, 5, 6), name="nodule"):
    tags = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    box = "".join(f"<{tag}>{corner}</{tag}>" for tag, corner in tags)
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


def written(root, told, **lists):
    """A year with an XML, and an image, for each stem; and its lists."""
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for stem, objects in told.items():
        Picture.new("L", (WIDTH, HEIGHT)).save(root / f"JPEGImages/{stem}.jpg")
        xml = f"<annotation>{SIZE}{objects}</annotation>"
        (root / f"Annotations/{stem}.xml").write_text(xml)
    for part, stems in lists.items():
        (root / f"ImageSets/Main/{part}.txt").write_text("\n".join(stems))
    return root


def items(root):
    return list(source("pascal_voc").read(root))


@given(st.lists(st.tuples(*[coordinates] * 4), max_size=4))
def test_boxes_are_read_back(corners):
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    with TemporaryDirectory() as folder:
        root = written(Path(folder), {"a": "".join(map(drawn, boxes)), "b": drawn()})
        record = items(root)[0]
    found = [box.corners for box in record.turns[0].answer.boxes]
    assert found == [(x0 - 1, y0 - 1, x1, y1) for x0, y0, x1, y1 in boxes]


def test_names_and_limits_are_those_of_the_training_part(tmp_path):
    told = {"a": drawn() * 20, "b": drawn() * 40, "c": drawn(name="mass")}
    records = items(written(tmp_path, told, train=["a"], val=["b"], test=["c"]))
    assert {record.turns[0].expects.labels for record in records} == {("nodule",)}
    assert {record.turns[0].expects.limit for record in records} == {32}


def test_trainval_is_train_where_no_other_list_names_the_image(tmp_path):
    told = {"a": drawn(), "b": drawn(), "c": drawn()}
    records = items(written(tmp_path, told, val=["b"], trainval=["a", "b"]))
    assert {record.study[-1]: record.split for record in records} == {
        "a": "train",
        "b": "val",
        "c": "",
    }


def test_a_test_image_without_annotation_is_asked_without_an_answer(tmp_path):
    root = written(tmp_path, {"a": drawn(), "b": drawn()}, train=["a"], test=["b"])
    (root / "Annotations/b.xml").unlink()
    assert [record.turns[0].answer is None for record in items(root)] == [False, True]


def test_years_lie_beside_each_other(tmp_path):
    written(tmp_path / "VOCdevkit/VOC2007", {"a": drawn()}, train=["a"])
    written(tmp_path / "VOCdevkit/VOC2012", {"a": drawn()}, val=["a"])
    records = items(tmp_path)
    assert [(record.id, record.split) for record in records] == [
        ("VOCdevkit/VOC2007/JPEGImages/a.jpg", "train"),
        ("VOCdevkit/VOC2012/JPEGImages/a.jpg", "val"),
    ]


@pytest.mark.parametrize(
    ("objects", "why"),
    [
        ("<object><name>nodule</name></object>", "no name or no bndbox"),
        (drawn(name=""), "no name or no bndbox"),
        (drawn((2, 3, "five", 6)), "xmax is no number"),
        (drawn((2, 3, "", 6)), "xmax is no number"),
        (drawn((2, 3, "inf", 6)), "xmax is not finite"),
        (drawn((5, 3, 4, 6)), "no area"),
        ("<object>", "mismatched tag"),
    ],
)
def test_a_broken_annotation_is_told_where_the_image_is_listed(tmp_path, objects, why):
    root = written(tmp_path, {"a": drawn(), "b": objects}, train=["a", "b"])
    _, problem = items(root)
    assert isinstance(problem, Problem)
    assert (problem.file, problem.row) == ("ImageSets/Main/train.txt", 2)
    assert problem.reason.startswith("Annotations/b.xml: ")
    assert why in problem.reason


def test_a_listed_image_without_annotation_or_picture_is_a_problem(tmp_path):
    root = written(tmp_path, {"a": drawn(), "b": drawn()}, train=["a", "b", "c"])
    (root / "JPEGImages/b.jpg").unlink()
    _, no_picture, no_annotation = items(root)
    assert "b.jpg' is missing" in no_picture.reason
    assert "no Annotations/c.xml" in no_annotation.reason


def test_an_image_of_another_size_than_told_is_refused_and_an_untold_size_is_not(tmp_path):
    root = written(tmp_path, {"a": drawn(), "b": drawn()})
    for stem, width in (("a", 10), ("b", 0)):
        file = root / f"Annotations/{stem}.xml"
        file.write_text(file.read_text().replace("<width>12", f"<width>{width}"))
    problem, record = items(root)
    assert "12 x 9, its annotation says 10 x 9" in problem.reason
    assert record.images[0].width == WIDTH


def test_a_folder_without_annotations_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"Annotations/\*\.xml"):
        items(tmp_path)


def test_a_name_of_a_folder_is_no_pattern(tmp_path):
    root = tmp_path / "set [1]"
    root.mkdir()
    (record,) = items(written(root, {"a": drawn()}).parent)
    assert record.images[0].path == "set [1]/JPEGImages/a.jpg"


def outlined(root, stem, numbers):
    """A mask with the palette that the set's own have."""
    picture = Picture.fromarray(np.asarray(numbers, np.uint8))
    picture.putpalette([level for number in range(256) for level in (255 - number, number, 9)])
    (root / "SegmentationObject").mkdir(exist_ok=True)
    picture.save(root / f"SegmentationObject/{stem}.png")


def numbered(*objects, shape=(HEIGHT, WIDTH)):
    """A mask with a rectangle (x0, y0, x1, y1) for each object, in order from 1."""
    numbers = np.zeros(shape, np.uint8)
    for number, (x0, y0, x1, y1) in enumerate(objects, start=1):
        numbers[y0:y1, x0:x1] = number
    return numbers


@given(st.lists(st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 3)] * 2), max_size=3))
def test_outlines_are_those_of_the_objects_in_order(places):
    numbers = numbered(*((x, y, x + w, min(y + h, HEIGHT)) for x, y, w, h in places))
    names = [f"object {place}" for place in range(1, len(places) + 1)]
    with TemporaryDirectory() as folder:
        drawings = "".join(drawn(name=name) for name in names)
        root = written(Path(folder), {"a": drawings, "b": drawn(name="object 1")})
        outlined(root, "a", numbers)
        turns = {turn.task: turn for turn in items(root)[0].turns}
    there = {f"object {number}" for number in np.unique(numbers) if number}
    found = turns["segmentation"].answer.masks if there else ()
    assert {mask.label for mask in found} == there


def test_names_whose_objects_are_not_outlined_are_not_asked_for_outlines(tmp_path):
    objects = drawn() + drawn(name="mass")
    root = written(tmp_path, {"a": objects, "b": drawn(name="mass"), "c": objects})
    outlined(root, "a", numbered((1, 2, 5, 6), (6, 2, 9, 6)))
    outlined(root, "b", numbered())
    asked = [
        [turn.expects.labels for turn in record.turns if turn.task == "segmentation"]
        for record in items(root)
    ]
    assert asked == [[("mass", "nodule")], [("nodule",)], []]


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        (numbered((0, 0, 2, 2), (3, 3, 4, 4)), "a.png has an object 2, it has 1"),
        (numbered((0, 0, 2, 2), shape=(HEIGHT, 5)), "12 x 9, its annotation says 5 x 9"),
    ],
)
def test_a_mask_that_does_not_fit_is_told(tmp_path, numbers, why):
    root = written(tmp_path, {"a": drawn()}, train=["a"])
    outlined(root, "a", numbers)
    (problem,) = items(root)
    assert (problem.file, problem.row) == ("ImageSets/Main/train.txt", 1)
    assert why in problem.reason


def test_a_damaged_mask_and_one_of_no_annotation_are_told(tmp_path):
    root = written(tmp_path, {"a": drawn(), "b": drawn()})
    outlined(root, "c", numbered())
    (root / "SegmentationObject/b.png").write_bytes(b"no picture")
    record, damaged, stray = items(root)
    assert record.id == "JPEGImages/a.jpg"
    assert damaged.file == "Annotations/b.xml"
    assert "SegmentationObject/b.png" in damaged.reason
    assert (stray.file, stray.reason) == (
        "SegmentationObject/c.png",
        "there is no Annotations/c.xml",
    )
