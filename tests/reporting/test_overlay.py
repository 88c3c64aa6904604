"""Drawings: in the right place, in the right colour, solid or dashed."""

import numpy as np
import pytest

from diascope.answers import Box, Boxes, Choice, Finding, Findings, Mask, Masks, Text
from diascope.reporting.overlay import REPLY, TRUTH, overlay, shapes

GREY = np.full((100, 50), 60, np.uint8)
BOX = Boxes(boxes=(Box(label="nodule", x0=10, y0=40, x1=40, y1=90),))


def near(pixels, stroke):
    """Which pixels have about the colour of a stroke."""
    return np.abs(pixels.astype(int) - np.array(stroke.colour)).max(axis=-1) < 60


def drawn(truth=None, reply=None, pixels=GREY, side=320):
    return np.asarray(overlay(pixels, shapes(truth), shapes(reply), side))


@pytest.mark.parametrize("shape", [(100, 50), (50, 100), (700, 900), (3, 2000)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_the_longer_side_is_as_asked(shape, channels):
    picture = drawn(pixels=np.zeros(shape + channels, np.uint8))
    assert max(picture.shape[:2]) == 320
    assert picture.shape[2] == 3


def test_without_shapes_the_picture_is_the_image():
    assert (drawn() == 60).all()
    assert (drawn(Choice(option="x"), Text(text="y")) == 60).all()


def test_a_true_box_is_a_solid_green_line_where_it_belongs():
    green = near(drawn(truth=BOX), TRUTH)
    scale = 320 / 100
    left, right, bottom = (round(v * scale) for v in (10, 40, 90))
    down, across = slice(round(45 * scale), round(85 * scale)), slice(left + 3, right - 3)
    for column in (left, right):
        assert green[down, column - 2 : column + 2].any(axis=1).all()
    assert green[bottom - 2 : bottom + 2, across].any(axis=0).all()
    inside = green[round(50 * scale) : round(80 * scale), left + 6 : right - 6]
    assert not inside.any()


def test_a_reply_is_a_dashed_orange_line():
    picture = drawn(reply=BOX)
    assert not near(picture, TRUTH).any()
    scale = 320 / 100
    left = round(10 * scale)
    side = near(picture, REPLY)[round(45 * scale) : round(85 * scale), left - 2 : left + 2]
    on = side.any(axis=1)
    assert 0.4 < on.mean() < 0.85
    assert np.abs(np.diff(on.astype(int))).sum() >= 8


def test_a_true_region_is_tinted_and_a_replied_one_is_not():
    region = Masks(masks=(Mask(label="lung", polygon=((5, 30), (45, 30), (45, 80), (5, 80))),))
    middle = (55 * 320 // 100, 25 * 320 // 100)
    tinted, plain = drawn(truth=region)[middle], drawn(reply=region)[middle]
    assert tinted[1] > tinted[0] + 15
    assert tuple(plain) == (60, 60, 60)


def test_evidence_is_drawn_too():
    found = Findings(findings=(Finding(name="x", status="present", evidence=BOX),))
    assert shapes(found) == shapes(BOX) == shapes(Text(text="x", evidence=BOX))
    assert shapes(None) == []


def test_names_stay_inside_and_are_left_out_of_a_crowd():
    corner = Boxes(boxes=(Box(label="a label that is long " * 9, x0=45, y0=95, x1=50, y1=100),))
    few = near(drawn(truth=corner), TRUTH).sum()
    bare = corner.model_copy(update={"boxes": corner.boxes * 9})
    assert few > near(drawn(truth=bare), TRUTH).sum() + 500


def test_a_box_far_outside_ends_the_drawing_soon():
    far = Boxes(boxes=(Box(label="x", x0=-1e300, y0=10, x1=1e300, y1=20),))
    assert drawn(truth=far, reply=far).shape == (320, 160, 3)
