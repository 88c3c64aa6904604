"""Answers and numbers as people read them."""

import pytest

from diascope.answers import (
    Box,
    Boxes,
    Choice,
    Finding,
    Findings,
    Labels,
    Mask,
    Masks,
    Number,
    Text,
)
from diascope.reporting.words import (
    brief,
    describe,
    listed,
    metric_words,
    number,
    percent,
    signed,
    span,
    task_inline,
    task_words,
)
from diascope.scoring.scorecard import Interval

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
PERCENT = "\N{NO-BREAK SPACE}%"
BOX = Box(label="nodule", x0=1.2, y0=2, x1=3, y1=4.6)
MASK = Mask(label="lung", polygon=((0, 0), (1, 0), (1, 1)))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Choice(option="yes, both"), "yes, both"),
        (Labels(present=("a, b",), absent=("c",), uncertain=("d",)), "a, b; possible d"),
        (Labels(absent=("c",)), "none"),
        (Number(value=12.5, unit="mm"), "12.5 mm"),
        (Number(value=3), "3"),
        (Boxes(boxes=(BOX,)), "nodule (1, 2) to (3, 5)"),
        (Boxes(), "none"),
        (Masks(masks=(MASK,)), "lung, 3 vertices"),
        (Text(text="No effusion."), "No effusion."),
        (
            Findings(
                findings=(
                    Finding(name="nodule", status="present"),
                    Finding(name="mass", status="absent"),
                    Finding(name="effusion", status="uncertain"),
                )
            ),
            "nodule; possible effusion",
        ),
    ],
)
def test_an_answer_in_one_line(answer, said):
    assert describe(answer) == said


def test_beside_a_picture_objects_are_counted():
    other = BOX.model_copy(update={"label": "device"})
    assert brief(Boxes(boxes=(BOX, other, BOX))) == "2 x nodule; device"
    assert brief(Masks(masks=(MASK,))) == "lung"
    assert brief(Boxes()) == "none"
    assert brief(Choice(option="x")) == "x"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NONE),
        (0.0, "0.000"),
        (1.0, "1.000"),
        (0.12345, "0.123"),
        (-0.5, MINUS + "0.500"),
        (-0.0001, "0.000"),
        (7.9951, "8.00"),
        (99.95, "100.0"),
        (1234.5, "1234"),
    ],
)
def test_numbers_have_about_three_digits(value, text):
    assert number(value) == text


def test_signs_spans_and_shares():
    assert (signed(0.5), signed(-0.5), signed(None)) == ("+0.500", MINUS + "0.500", NONE)
    assert span(Interval(value=0.5, low=0.4, high=0.6)) == "0.400 to 0.600"
    assert span(Interval(value=0.5, low=-0.1, high=0.6), sign=True) == MINUS + "0.100 to +0.600"
    assert span(Interval(value=0.5)) == NONE
    assert [percent(x) for x in (None, 0, 0.001, 0.5, 0.999, 1, -0.42)] == [
        NONE,
        "0" + PERCENT,
        "< 1" + PERCENT,
        "50" + PERCENT,
        "> 99" + PERCENT,
        "100" + PERCENT,
        MINUS + "42" + PERCENT,
    ]
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_metric_without_words_of_its_own_keeps_its_name():
    assert metric_words("bleu_4") == "BLEU-4"
    assert metric_words("within_5") == "share within 5"
    assert metric_words("within_0") == "share exact"
    assert metric_words("green_score") == "green score"


def test_tasks_at_the_start_of_a_line_and_inside_one():
    assert [task_words(x) for x in ("vqa", "instance_detection")] == ["VQA", "Instance detection"]
    assert [task_inline(x) for x in ("vqa", "instance_detection")] == ["VQA", "instance detection"]
