"""Folders of masks: what is set in them is read back, in pixels of the image."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.imaging.outlines import outlines
from diascope.sources import source
from diascope.sources.source import Problem

WIDTH, HEIGHT = 6, 4
ORGANS = ["background", "lung", "heart"]


def written(root, values, classes=(), name="a.png", **options):
    for folder in ("images", "masks"):
        (root / folder).mkdir(exist_ok=True)
    Picture.new("L", (WIDTH, HEIGHT)).save(root / "images/a.png")
    Picture.fromarray(values).save(root / "masks" / name, **options)
    if classes:
        (root / "classes.txt").write_text("\n".join(classes))
    return root


def items(root):
    return list(source("mask_png").read(root))


def turn_of(root):
    (record,) = items(root)
    (turn,) = record.turns
    return turn


def reason(root):
    (problem,) = items(root)
    assert isinstance(problem, Problem)
    return problem.reason


@given(arrays(np.uint8, (HEIGHT, WIDTH), elements=st.sampled_from([0, 1, 2, 255])))
def test_classes_are_numbers_and_void_is_none(values):
    with TemporaryDirectory() as folder:
        turn = turn_of(written(Path(folder), values, ORGANS))
    assert turn.expects.labels == ("lung", "heart")
    for value, label in enumerate(ORGANS[1:], start=1):
        found = [mask.polygon for mask in turn.answer.masks if mask.label == label]
        assert found == list(outlines(values == value))


@pytest.mark.parametrize("name", ["a.png", "a_mask.png", "a.tif", "a_mask.tif"])
def test_a_mask_may_be_named_otherwise(tmp_path, name):
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[1:3, 2:5] = 1
    turn = turn_of(written(tmp_path, values, name=name))
    assert [mask.bounds for mask in turn.answer.masks] == [(2, 1, 5, 3)]


def test_half_way_to_white_is_the_border_in_a_jpeg_whatever_it_is_called(tmp_path):
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[:, :3] = 100
    turn = turn_of(written(tmp_path, values, name="a.png", format="JPEG"))
    assert turn.answer.masks == ()
    assert turn_of(written(tmp_path, values)).answer.masks


def test_one_line_of_classes_says_what_is_set(tmp_path):
    turn = turn_of(written(tmp_path, np.full((HEIGHT, WIDTH), 255, np.uint8), ["polyp"]))
    assert (turn.question, turn.answer.masks[0].label) == ("Outline every polyp.", "polyp")


def test_a_number_without_a_name_is_refused(tmp_path):
    values = np.full((HEIGHT, WIDTH), 3, np.uint8)
    assert "value 3 has no name in classes.txt" in reason(written(tmp_path, values, ORGANS))


def test_colours_are_no_numbers(tmp_path):
    values = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert "colours in place of numbers" in reason(written(tmp_path, values, ORGANS))


@pytest.mark.parametrize("classes", [(), ORGANS])
def test_a_mask_of_another_size_is_refused(tmp_path, classes):
    values = np.zeros((WIDTH, HEIGHT), np.uint8)
    assert "4 x 6, its image 6 x 4" in reason(written(tmp_path, values, classes))


@pytest.mark.parametrize("classes", [(), ORGANS])
def test_a_damaged_mask_is_a_problem(tmp_path, classes):
    root = written(tmp_path, np.ones((HEIGHT, WIDTH), np.uint8), classes)
    whole = (root / "masks/a.png").read_bytes()
    (root / "masks/a.png").write_bytes(whole[:-25])
    assert "damaged" in reason(root)


def test_an_image_without_a_mask_and_a_mask_without_an_image_are_problems(tmp_path):
    root = written(tmp_path, np.zeros((HEIGHT, WIDTH), np.uint8))
    (root / "images/a.png").rename(root / "images/b.png")
    assert [(problem.file, problem.reason[:10]) for problem in items(root)] == [
        ("images/b.png", "it has no "),
        ("masks/a.png", "its image "),
    ]


def test_a_folder_without_masks_is_refused(tmp_path):
    with pytest.raises(InputError, match="masks"):
        items(tmp_path)


def test_a_name_of_a_folder_is_no_pattern(tmp_path):
    root = tmp_path / "set [1]"
    root.mkdir()
    (record,) = items(written(root, np.zeros((HEIGHT, WIDTH), np.uint8)).parent)
    assert record.images[0].path == "set [1]/images/a.png"
