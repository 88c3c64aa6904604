"""What layouts of annotation tools share: closed worlds, and what is not known is not asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Box, Mask
from diascope.sources._objects import (
    Object,
    World,
    around,
    limit,
    limit_if_any,
    numbers,
    outline,
    questions,
)
from diascope.sources.folder import Unreadable

WORLD = World(names=("heart", "nodule"), boxes=16, outlines=16)
SQUARE = ((1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0))


def thing(name, is_outlined=True, is_crowd=False):
    masks = (Mask(label=name, polygon=SQUARE),) if is_outlined else ()
    return Object(Box(label=name, x0=1, y0=1, x1=3, y1=3), masks, is_crowd)


def asked(objects, world=WORLD):
    return {turn.task: turn for turn in questions(world, objects)}


@given(st.integers(0, 10_000))
def test_a_limit_holds_the_largest_count_and_hides_it(largest):
    assert largest <= limit(largest) < largest + 17
    assert limit(largest) % 16 == 0
    assert limit_if_any(largest) == (limit(largest) if largest else 0)


def test_all_that_is_known_is_asked():
    found = asked([thing("nodule")])
    assert found["instance_detection"].expects.labels == WORLD.names
    assert [box.label for box in found["instance_detection"].answer.boxes] == ["nodule"]
    assert found["segmentation"].expects.labels == WORLD.names
    assert len(found["segmentation"].answer.masks) == 1


def test_a_name_with_an_object_that_was_not_outlined_is_not_asked_for_outlines():
    found = asked([thing("nodule"), thing("nodule", is_outlined=False), thing("heart")])
    assert len(found["instance_detection"].answer.boxes) == 3
    assert found["segmentation"].expects.labels == ("heart",)
    assert [mask.label for mask in found["segmentation"].answer.masks] == ["heart"]


def test_a_crowd_is_asked_for_by_itself_and_boxes_of_its_name_are_not():
    found = asked([thing("nodule"), thing("nodule", is_crowd=True), thing("heart")])
    assert found["instance_detection"].expects.labels == ("heart",)
    assert [box.label for box in found["instance_detection"].answer.boxes] == ["heart"]
    assert len(found["grounding"].answer.boxes) == 1
    assert len(found["segmentation"].answer.masks) == 3


def test_nothing_is_asked_about_names_that_are_all_unknown():
    only = World(names=("nodule",), boxes=16, outlines=16)
    assert set(asked([thing("nodule", is_outlined=False, is_crowd=True)], only)) == {"grounding"}


def test_what_is_withheld_is_asked_without_an_answer():
    found = asked(None)
    assert set(found) == {"instance_detection", "segmentation"}
    assert all(turn.answer is None for turn in found.values())
    assert found["segmentation"].expects == asked([])["segmentation"].expects


def test_a_set_of_one_name_is_asked_by_it():
    found = asked([], World(names=("nodule",), boxes=16))
    assert [turn.question for turn in found.values()] == ["Find every nodule."]


def test_a_closed_polygon_loses_its_last_point():
    assert outline("nodule", [*SQUARE, SQUARE[0]]) == outline("nodule", SQUARE)


def test_the_box_round_no_points_is_refused():
    with pytest.raises(Unreadable, match="no points"):
        around("nodule", [])


@pytest.mark.parametrize(
    "found", [None, "1234", [1, "2"], [1, None], [1, True], [10**400], [float("nan")], [[1]]]
)
def test_what_is_no_list_of_numbers_is_refused(found):
    with pytest.raises(Unreadable, match="a bbox is no list of numbers"):
        numbers(found, "a bbox")


def test_a_list_of_another_length_is_refused():
    with pytest.raises(Unreadable, match="3 numbers, not 4"):
        numbers([1, 2, 3], "a bbox", 4)
