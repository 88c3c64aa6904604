"""Left and right are exchanged word by word, and what cannot be exchanged is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Number, Text
from diascope.expectations import Free, Range
from diascope.imaging.augment_words import (
    gives_coordinates,
    has_a_side,
    may_show_a_chest,
    mirrored,
    mirrored_text,
    speaks_of_amount,
    speaks_of_place,
)
from diascope.records import Turn

PIECES = ["left", "Right", "LEFT", "rightmost", "left-sided", "bright", "upright", "cleft", "lung"]
sentences = st.lists(st.sampled_from([*PIECES, " ", ", ", "_", "-", ". "]), max_size=12).map(
    "".join
)


@given(sentences)
def test_exchanging_twice_changes_nothing(text: str) -> None:
    assert mirrored_text(mirrored_text(text)) == text


@given(st.lists(st.sampled_from(PIECES[:5]), min_size=1, max_size=5).map(" ".join))
def test_every_side_is_exchanged(text: str) -> None:
    swapped = mirrored_text(text).lower()
    assert swapped.count("left") == text.lower().count("right")
    assert swapped.count("right") == text.lower().count("left")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Left-sided effusion, RIGHT lung clear.", "A Right-sided effusion, LEFT lung clear."),
        ("leftward shift of the rightmost clip", "rightward shift of the leftmost clip"),
        ("left_lung", "right_lung"),
        ("bright, upright, cleft", "bright, upright, cleft"),
        ("bilateral", "bilateral"),
        ("L", "R"),
        ("R", "L"),
        ("L4 and R2", "L4 and R2"),
        ("", ""),
    ],
)
def test_words_under_a_mirror(text: str, expected: str) -> None:
    assert mirrored_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "dextrocardia",
        "Levoposition of the aorta.",
        "situs inversus",
        "The apex is clear.",
        "RLL infiltrate",
        "opacity in the right middle lobe",
        "lingular consolidation",
        "R lung",
        "kidney_L",
        "LeftLung",
        "The left heart border is blurred.",
        "liver on the right",
        "box as [left, top, right, bottom]",
        "from the upper left corner",
        "a mass at 3 o'clock",
        "OD: drusen",
        "MLO: RMLO",
        "épanchement pleural gauche",
        "Erguss rechts",
    ],
)
def test_texts_that_a_mirror_makes_untrue(text: str) -> None:
    assert has_a_side(text)


@pytest.mark.parametrize(
    "text",
    [
        "Left effusion.",
        "The heart is normal. Large left effusion.",
        "bilateral infiltrates",
        "L",
        "Give the bounding box of the left lung as [x_min, y_min, x_max, y_max].",
        "A: Normal, B: Bacterial pneumonia, C: Viral pneumonia",
        "The left upper lobe is clear.",
    ],
)
def test_texts_that_stay_true_in_a_mirror(text: str) -> None:
    assert not has_a_side(text)


@pytest.mark.parametrize(
    ("text", "is_place"),
    [
        ("Is the cell in the upper or the lower half?", True),
        ("Where is the highest platelet?", True),
        ("right pleural effusion", True),
        ("basal opacity", True),
        ("RUL nodule", True),
        ("bilateral effusion", False),
        ("Which findings are present in this chest X-ray? Mass; Nodule", False),
        ("Find every cell.", False),
        ("bright field", False),
    ],
)
def test_place(text: str, is_place: bool) -> None:
    assert speaks_of_place(text) is is_place


@pytest.mark.parametrize(
    ("text", "is_amount"),
    [
        ("How many cells are there?", True),
        ("2 nodules.", True),
        ("two nodules", True),
        ("a mass of 3.5 cm", True),
        ("a mass of 35mm", True),
        ("Measure the head circumference.", True),
        ("COVID-19", False),
        ("C6-C7", False),
        ("numbers from 0-1000", False),
        ("one of these", False),
        ("account", False),
    ],
)
def test_amount(text: str, is_amount: bool) -> None:
    assert speaks_of_amount(text) is is_amount


def test_coordinates_in_a_text_are_seen() -> None:
    assert gives_coordinates("What is in the box [12, 40, 90.5, 100]?")
    assert gives_coordinates("the cell at (120, 80)")
    assert gives_coordinates("<loc0012><loc0400>")
    assert not gives_coordinates("as [x_min, y_min, x_max, y_max]")


def test_a_chest_is_named_in_many_ways() -> None:
    assert may_show_a_chest(["cells", "vindr-cxr"])
    assert may_show_a_chest(["Is there a pleural effusion?"])
    assert may_show_a_chest(["Xray"])
    assert not may_show_a_chest(["fundus", "Is there a drusen?"])


def test_every_word_of_a_turn_is_exchanged_and_no_code() -> None:
    turn = Turn(
        task="regression",
        question="How much in the left one?",
        expects=Range(high=9, unit="L"),
        answer=Number(value=2, unit="L"),
    )
    swapped = mirrored(turn)
    assert swapped.question == "How much in the right one?"
    assert (swapped.expects, swapped.answer) == (turn.expects, turn.answer)
    said = turn.model_copy(update={"expects": Free(), "answer": Text(text="Left.")})
    assert mirrored(said).answer == Text(text="Right.")
