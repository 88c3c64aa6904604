"""YOLO's layout: what is drawn is read back, wherever the YAML says that it lies."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources import source
from diascope.sources.source import Problem

WIDTH, HEIGHT = 120, 90
YAML = "train: images/train\nnames: [nodule, heart]\n"
WITH_VAL = YAML + "val: images/val\n"
shares = st.floats(0, 1)


def written(root, labels, yaml=YAML, part="train"):
    """An image and its labels (None: no file) for each stem."""
    for folder in ("images", "labels"):
        (root / folder / part).mkdir(parents=True, exist_ok=True)
    for stem, rows in labels.items():
        Picture.new("L", (WIDTH, HEIGHT)).save(root / f"images/{part}/{stem}.png")
        if rows is not None:
            (root / f"labels/{part}/{stem}.txt").write_text(rows)
    (root / "data.yaml").write_text(yaml)
    return root


def items(root):
    return list(source("yolo").read(root))


def boxes_of(record):
    return [box.corners for box in record.turns[0].answer.boxes]


@given(
    st.lists(
        st.tuples(*[shares] * 4).filter(lambda b: b[0] + 1e-3 < b[2] and b[1] + 1e-3 < b[3]),
        max_size=3,
        unique=True,
    )
)
def test_boxes_are_read_back(drawn):
    rows = [f"1 {(a + c) / 2} {(b + d) / 2} {c - a} {d - b}" for a, b, c, d in drawn]
    with TemporaryDirectory() as folder:
        (record,) = items(written(Path(folder), {"a": "\n".join(rows)}))
    pixels = [(a * WIDTH, b * HEIGHT, c * WIDTH, d * HEIGHT) for a, b, c, d in drawn]
    assert boxes_of(record) == [pytest.approx(box) for box in pixels]


def test_a_polygon_is_an_outline_and_the_box_round_it(tmp_path):
    (record,) = items(written(tmp_path, {"a": "0 0.1 0.2 0.5 0.2 0.1 0.8"}))
    found = {turn.task: turn.answer for turn in record.turns}
    assert found["segmentation"].masks[0].polygon == ((12, 18), (60, 18), (12, 72))
    assert boxes_of(record) == [(12, 18, 60, 72)]


def test_a_box_among_polygons_leaves_the_outlines_of_its_name_unknown(tmp_path):
    rows = "0 0.1 0.2 0.5 0.2 0.1 0.8\n0 0.5 0.5 0.1 0.1"
    (record,) = items(written(tmp_path, {"a": rows}))
    assert record.turns[1].expects.labels == ("heart",)


def test_a_confidence_is_left_out(tmp_path):
    (record,) = items(written(tmp_path, {"a": "0 0.5 0.5 0.5 0.5 0.93"}))
    assert boxes_of(record) == [(30, 22.5, 90, 67.5)]


def test_a_row_that_is_said_twice_is_one_box(tmp_path):
    (record,) = items(written(tmp_path, {"a": "0 0.5 0.5 0.5 0.5\r\n" * 2}))
    assert boxes_of(record) == [(30, 22.5, 90, 67.5)]


def test_a_rounding_error_is_cut(tmp_path):
    (record,) = items(written(tmp_path, {"a": "0 0.5 0.5 1.01 1.01"}))
    assert boxes_of(record) == [(0, 0, WIDTH, HEIGHT)]


def test_the_last_folder_of_images_is_the_one_of_labels(tmp_path):
    root = tmp_path / "images/set"
    root.mkdir(parents=True)
    written(root, {"a": "0 0.5 0.5 0.5 0.5"})
    (record,) = items(tmp_path)
    assert boxes_of(record) == [(30, 22.5, 90, 67.5)]


def test_limits_are_those_of_the_training_part(tmp_path):
    rows = "\n".join(f"0 0.5 0.5 0.{number} 0.5" for number in range(10, 27))
    written(tmp_path, {"a": rows})
    written(tmp_path, {"b": None}, WITH_VAL, "val")
    assert {record.turns[0].expects.limit for record in items(tmp_path)} == {32}


@pytest.mark.parametrize(
    "yaml",
    [
        YAML,
        YAML.replace("images/", "../images/"),
        "path: /elsewhere/set\n" + YAML,
        "train: [images/train]\nnames: {0: nodule, 1: heart}\n",
        "train: list.txt\nnames: {0: nodule, 1: heart}\n",
        "path: images\ntrain: train\nnames: {0: nodule, 1: heart}\n",
    ],
)
def test_a_split_is_found_beside_the_yaml(tmp_path, yaml):
    root = written(tmp_path, {"a": "0 0.5 0.5 0.5 0.5"}, yaml)
    (root / "list.txt").write_text("images/train/a.png\n\n")
    (record,) = items(root)
    assert (record.split, record.images[0].path) == ("train", "images/train/a.png")


def test_a_split_that_is_missing_is_a_problem(tmp_path):
    problem, _ = items(written(tmp_path, {"a": ""}, WITH_VAL))
    assert isinstance(problem, Problem)
    assert problem.file == "data.yaml"
    assert "val: 'images/val' is missing" in problem.reason


def test_a_split_without_a_picture_is_a_problem(tmp_path):
    (tmp_path / "images/val").mkdir(parents=True)
    problem, _ = items(written(tmp_path, {"a": ""}, WITH_VAL))
    assert "val: there is no picture in 'images/val'" in problem.reason


@pytest.mark.parametrize(("labels", "is_withheld"), [(None, True), ("", False)])
def test_a_test_part_without_any_labels_is_asked_without_an_answer(tmp_path, labels, is_withheld):
    written(tmp_path, {"b": labels, "c": None}, part="test")
    records = items(written(tmp_path, {"a": ""}, YAML + "test: images/test\n"))
    assert [record.turns[0].answer is None for record in records] == [False] + [is_withheld] * 2


def test_a_name_of_a_folder_is_no_pattern(tmp_path):
    root = tmp_path / "set [1]"
    root.mkdir()
    (record,) = items(written(root, {"a": ""}).parent)
    assert record.images[0].path == "set [1]/images/train/a.png"


def test_a_line_of_a_list_that_is_no_image_is_a_problem(tmp_path):
    root = written(tmp_path, {"a": ""}, "train: list.txt\nnames: [nodule]\n")
    (root / "list.txt").write_text("images/train/a.png\nimages/train/b.png\n../x.png\n/x.png\n")
    told = items(root)[1:]
    assert [(problem.file, problem.row) for problem in told] == [
        ("list.txt", 2),
        ("list.txt", 3),
        ("list.txt", 4),
    ]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("2 0.5 0.5 0.5 0.5", "class 2 is not among the names of data.yaml"),
        ("x 0.5 0.5 0.5 0.5", "no number"),
        ("0 0.5 0.5 nan 0.5", "not finite"),
        ("0 0.5 0.5 0.5", "4 columns"),
        ("0 0.1 0.1 0.5 0.5 0.9 0.9 0.1", "8 columns"),
        ("0 0.5 0.5 0 0.5", "no area"),
        ("0 0.9 0.5 0.5 0.5", "leaves the image"),
        ("0 60 45 60 45", "leaves the image"),
    ],
)
def test_a_broken_row_is_told_at_its_image(tmp_path, rows, why):
    _, problem = items(written(tmp_path, {"a": "", "b": rows}))
    assert problem.file == "images/train/b.png"
    assert why in problem.reason


@pytest.mark.parametrize(
    ("yaml", "why"),
    [
        ("", "no YAML with names and splits"),
        ("- a", "no YAML with names and splits"),
        ("names: [", "no YAML with names and splits"),
        ("names: !!python/object:os.system {}", "no YAML with names and splits"),
        ("train: images/train", "neither a list nor numbered"),
        ("names: {nodule: 0}", "neither a list nor numbered"),
        (YAML + "kpt_shape: [17, 3]", "key points"),
    ],
)
def test_a_broken_yaml_is_refused_by_name(tmp_path, yaml, why):
    with pytest.raises(InputError, match=rf"data\.yaml: .*{why}"):
        items(written(tmp_path, {"a": ""}, yaml))


def test_a_folder_without_a_yaml_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"data\.yaml"):
        items(tmp_path)


def test_labels_of_no_image_are_told_and_those_of_the_tool_are_not(tmp_path):
    root = written(tmp_path, {"a": "0 .5 .5 .1 .1", "b": "0 .5 .5 .1 .1"})
    (root / "labels/train/classes.txt").write_text("nodule\nheart\n")
    (root / "images/train/b.png").unlink()
    stray, record = sorted(items(root), key=lambda item: isinstance(item, Problem), reverse=True)
    assert record.id == "images/train/a.png"
    assert (stray.file, stray.reason) == (
        "labels/train/b.txt",
        "no image in a split of data.yaml has it",
    )


def test_a_listed_place_that_no_disk_holds_is_a_problem(tmp_path):
    root = written(tmp_path, {"a": ""}, yaml="train: train.txt\nnames: [nodule, heart]\n")
    (root / "train.txt").write_text(f"images/train/a.png\nimages/{'9' * 5000}/b.png\n")
    record, problem = items(root)
    assert record.id == "images/train/a.png"
    assert (problem.file, problem.row) == ("train.txt", 2)
