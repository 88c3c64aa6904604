"""What a record says bounds what may be done to its pictures, and how it reads in a mirror."""

from typing import Any

import pytest

from diascope.answers import Answer, Box, Boxes, Choice, Labels, Mask, Masks, Number, Text
from diascope.expectations import (
    BoxSpace,
    Expectation,
    Free,
    LabelSet,
    MaskSpace,
    Options,
    Range,
)
from diascope.imaging.augment_limits import LEVEL_DEG, Limits, flipped
from diascope.records import Context, Image, Record, Turn

IMAGE = Image(path="a.png", width=160, height=120)
YES_NO = Options(options=("yes", "no"))
BOX = Box(label="cell", x0=10, y0=20, x1=40, y1=50)
REGION = Mask(label="cell", polygon=((0, 0), (9, 0), (9, 9)))


def turn_of(expects: Expectation, answer: Answer, question: str = "Find it.") -> Turn:
    return Turn(task="vqa", question=question, expects=expects, answer=answer)


def record_of(*turns: Turn, **record: Any) -> Record:
    told = {
        "id": "a", "dataset": "cells", "patient": "p", "study": "s", "split": "train",
        "images": (IMAGE,), "turns": turns,
    }  # fmt: skip
    return Record(**(told | record))


BOXED = turn_of(BoxSpace(labels=("cell",)), Boxes(boxes=(BOX,)))
OUTLINED = turn_of(MaskSpace(labels=("cell",)), Masks(masks=(REGION,)))
SEEN = turn_of(YES_NO, Choice(option="yes"), "Is there a cell?")
STILL = [
    turn_of(Range(high=9), Number(value=2), "What is the ratio?"),
    turn_of(Range(high=90, unit="mm"), Number(value=2, unit="mm"), "How wide is it?"),
    turn_of(Free(), Text(text="Two nodules.")),
    turn_of(Free(), Text(text="A mass of 3 cm.")),
    turn_of(YES_NO, Choice(option="yes"), "Is [3, 4, 9, 9] a cell?"),
    turn_of(YES_NO, Choice(option="yes"), "Is <loc0012><loc0400> a cell?"),
]
PLACED = [
    turn_of(Free(), Text(text="Opacity in the lower zone.")),
    turn_of(Options(options=("upper", "lower")), Choice(option="upper"), "Which?"),
    turn_of(BoxSpace(labels=("cell",)), Boxes(boxes=(BOX,)), "Where is the leftmost cell?"),
    turn_of(LabelSet(labels=("left kidney",)), Labels(present=("left kidney",))),
]


@pytest.mark.parametrize("turn", STILL)
def test_counts_measurements_and_stated_coordinates_keep_the_geometry(turn: Turn) -> None:
    assert Limits.of(record_of(turn)).is_still
    assert Limits.of(record_of(turn, OUTLINED)).is_still


@pytest.mark.parametrize("turn", PLACED)
def test_words_of_place_keep_the_picture_whole_and_level(turn: Turn) -> None:
    assert Limits.of(record_of(OUTLINED, turn)) == (False, True, LEVEL_DEG)


def test_context_counts_as_words() -> None:
    context = (Context(role="prior", text="Left effusion."),)
    assert Limits.of(record_of(SEEN, context=context)).is_whole


def test_boxes_are_level_and_anything_else_is_free() -> None:
    assert Limits.of(record_of(BOXED)) == (False, False, LEVEL_DEG)
    evident = turn_of(Free(), Text(text="A cell.", evidence=Boxes(boxes=(BOX,))))
    assert Limits.of(record_of(evident)).max_turn_deg == LEVEL_DEG
    assert Limits.of(record_of(OUTLINED, SEEN)) == (False, False, 180.0)


LABELS = ("left kidney", "right kidney")


def test_words_and_names_are_mirrored_alike() -> None:
    record = record_of(
        turn_of(
            BoxSpace(labels=LABELS),
            Boxes(boxes=(BOX.model_copy(update={"label": LABELS[0]}),)),
            "Find the left kidney.",
        ),
        turn_of(Options(options=("L", "R"), style="letters"), Choice(option="L"), "Which side?"),
        turn_of(LabelSet(labels=LABELS), Labels(present=LABELS[:1], absent=LABELS[1:])),
        context=(Context(role="indication", text="Pain on the Left."),),
        images=(IMAGE.model_copy(update={"view": "left oblique"}),),
        metadata={"file": "left/a.json"},
    )
    other = flipped(record, flip_chest=False)
    assert other is not None
    first, second, third = other.turns
    assert first.question == "Find the right kidney."
    assert first.expects == BoxSpace(labels=LABELS[::-1])
    assert first.answer == Boxes(boxes=(BOX.model_copy(update={"label": LABELS[1]}),))
    assert second.expects == Options(options=("R", "L"), style="letters")
    assert second.answer == Choice(option="R")
    assert third.answer == Labels(present=LABELS[1:], absent=LABELS[:1])
    assert other.context[0].text == "Pain on the Right."
    assert other.images[0].view == "right oblique"
    assert other.metadata == record.metadata
    again = flipped(other, flip_chest=False)
    assert again is not None
    assert again.model_dump() == record.model_dump()


@pytest.mark.parametrize(
    "record",
    [
        record_of(turn_of(Free(), Text(text="Dextrocardia."))),
        record_of(turn_of(Free(), Text(text="The left heart border is blurred."))),
        record_of(turn_of(Free(max_chars=4), Text(text="left"))),
        record_of(turn_of(BOXED.expects, Boxes(), "Boxes as [left, top, right, bottom].")),
        record_of(STILL[-1]),
        record_of(SEEN, images=(IMAGE.model_copy(update={"view": "LCC"}),)),
        record_of(SEEN, context=(Context(role="prior", text="Situs inversus."),)),
    ],
)
def test_what_would_be_untrue_or_illegal_in_a_mirror_is_refused(record: Record) -> None:
    assert flipped(record, flip_chest=True) is None


def test_a_count_may_be_mirrored() -> None:
    assert flipped(record_of(STILL[0]), flip_chest=False) is not None


@pytest.mark.parametrize(
    "told",
    [
        {"dataset": "chest14"},
        {"metadata": {"category": "Xray"}},
        {"context": (Context(role="indication", text="Pneumonia?"),)},
    ],
)
def test_a_chest_is_mirrored_only_where_asked(told: dict[str, Any]) -> None:
    record = record_of(SEEN, **told)
    assert flipped(record, flip_chest=False) is None
    assert flipped(record, flip_chest=True) is not None
