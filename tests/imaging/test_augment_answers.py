"""Boxes and polygons lie where the moved pixels are, and what is hardly seen is dropped."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

from diascope.answers import Answer, Box, Boxes, Choice, Finding, Findings, Mask, Masks, Text
from diascope.geometry import Size
from diascope.imaging.affine import (
    Matrix,
    about_centre,
    apply,
    mirror,
    onto_picture,
    polygon_area,
    warp,
)
from diascope.imaging.augment_answers import Move, has_boxes, stays_true

SIZE = Size(160, 120)


def cell(x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(label="cell", x0=x0, y0=y0, x1=x1, y1=y1)


@given(
    st.lists(st.tuples(st.floats(0, 160), st.floats(0, 120)), min_size=3, max_size=3),
    st.floats(-180, 180),
    st.floats(0.5, 2),
    st.booleans(),
)
def test_a_mask_has_the_area_of_the_bright_part(
    corners: list[tuple[float, float]], degrees: float, factor: float, is_flipped: bool
) -> None:
    matrix = about_centre(SIZE, degrees, factor) @ (mirror(SIZE) if is_flipped else np.eye(3))
    triangle = np.array(corners)
    whole, lengths = polygon_area(triangle), np.hypot(*(triangle - np.roll(triangle, 1, axis=0)).T)
    assume(whole > 200)
    moved = Move(matrix, SIZE, 0.01).masks(Masks(masks=(_mask(corners),)))
    bright = warp(_filled(corners), matrix) > 127
    area = sum(abs(mask.doubled_area) / 2 for mask in moved.masks)
    inside = (apply(matrix, triangle) >= 0).all() and (apply(matrix, triangle) <= SIZE).all()
    if inside:
        assert area == pytest.approx(whole * abs(np.linalg.det(matrix)))
    # half a pixel of the old picture along its outline, as drawing it rounds
    assert area == pytest.approx(
        bright.sum(), abs=10 + lengths.sum() * factor**2 + 0.02 * whole * factor**2
    )


def _mask(corners: list[tuple[float, float]]) -> Mask:
    return Mask(label="cell", polygon=tuple(corners))


def _filled(corners: list[tuple[float, float]]) -> NDArray[np.uint8]:
    picture = Picture.new("L", tuple(SIZE))
    ImageDraw.Draw(picture).polygon([(x - 0.5, y - 0.5) for x, y in corners], fill=255)
    return np.asarray(picture)


RIGHT_HALF: Matrix = onto_picture((80.0, 0.0, 160.0, 120.0), SIZE)


@pytest.mark.parametrize(("min_visible", "kept"), [(0.5, 2), (0.24, 3), (0.76, 1)])
def test_what_is_hardly_seen_is_dropped(min_visible: float, kept: int) -> None:
    boxes = Boxes(
        boxes=(cell(60, 0, 86.6, 9), cell(70, 20, 110, 30), cell(100, 0, 140, 9), cell(0, 0, 9, 9))
    )
    moved = Move(RIGHT_HALF, SIZE, min_visible).boxes(boxes)
    assert len(moved.boxes) == kept
    assert cell(40, 0, 120, 9) in moved.boxes
    if kept > 1:
        assert cell(0, 20, 60, 30) in moved.boxes


def test_masks_are_clipped_to_the_picture() -> None:
    square = ((70.0, 10.0), (110.0, 10.0), (110.0, 40.0), (70.0, 40.0))
    moved = Move(RIGHT_HALF, SIZE, 0.5).masks(Masks(masks=(Mask(label="cell", polygon=square),)))
    assert moved.masks[0].bounds == (0, 10, 60, 40)


def test_what_was_drawn_over_the_edge_survives_a_flip() -> None:
    moved = Move(mirror(SIZE), SIZE, 0.5).answer(Boxes(boxes=(cell(-0.5, 10, 40, 30),)))
    assert moved == Boxes(boxes=(cell(120, 10, 160.5, 30),))


NONE, ONE, TWO = (Boxes(boxes=(cell(0, 0, 9, 9),) * number) for number in range(3))
REGION = Masks(masks=(Mask(label="cell", polygon=((0, 0), (9, 0), (9, 9))),))


def _finding(evidence: Boxes | None) -> Findings:
    return Findings(findings=(Finding(name="cyst", status="present", evidence=evidence),))


@pytest.mark.parametrize(
    ("before", "after", "is_true"),
    [
        (TWO, ONE, True),
        (ONE, NONE, False),
        (NONE, NONE, True),
        (REGION, Masks(), False),
        (Text(text="a", evidence=TWO), Text(text="a", evidence=TWO), True),
        (Text(text="a", evidence=TWO), Text(text="a", evidence=ONE), False),
        (_finding(TWO), _finding(ONE), False),
        (_finding(None), _finding(None), True),
        (Choice(option="a"), Choice(option="a"), True),
    ],
)
def test_an_answer_may_lose_some_objects_and_evidence_none(
    before: Answer, after: Answer, is_true: bool
) -> None:
    assert stays_true(before, after) is is_true


def test_boxes_are_seen_wherever_an_answer_has_them() -> None:
    assert all(map(has_boxes, (ONE, Text(text="a", evidence=ONE), _finding(ONE))))
    assert not any(map(has_boxes, (None, NONE, REGION, Text(text="a"), _finding(None))))
