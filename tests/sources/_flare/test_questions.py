"""What the words of a question tell, in every style that FLARE has."""

from typing import Any

import pytest

from diascope.geometry import BoxFormat
from diascope.sources._flare import questions


@pytest.mark.parametrize(
    ("spelled", "task"),
    [
        ("Classification", "classification"),
        ("Multi-label Classification", "multilabel"),
        ("multi_label  classification", "multilabel"),
        ("instance_detection", "instance_detection"),
        ("Instance-Detection", "instance_detection"),
        ("Counting", "counting"),
        ("Report_Generation", "report"),
    ],
)
def test_tasks_however_they_are_spelt(spelled: str, task: str) -> None:
    assert questions.task_name(spelled) == task


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Diagnosis? A: Normal, B: Bacterial pneumonia, C: Viral pneumonia", 3),
        ("Which? A. Normal B. Bacterial pneumonia C. Viral pneumonia", 3),
        ("Which one?\nA. Normal\nB. Bacterial pneumonia\nC. Viral pneumonia.\nReply A, B or C.", 3),
        ("Question: which? Options: A: Normal; B: Bacterial pneumonia; C: Viral pneumonia", 3),
        ("Look. Options: A) Normal B) Bacterial pneumonia C) Viral pneumonia", 3),
        ("Look: (A) Normal (B) Bacterial pneumonia (C) Viral pneumonia", 3),
        ("What do you see in view A: the heart?", 0),
        ("Describe the heart.", 0),
    ],
)
def test_option_styles(question: str, options: int) -> None:
    known = ("Normal", "Bacterial pneumonia", "Viral pneumonia")
    assert questions.options(question) == known[:options]


def test_eleven_options() -> None:
    texts = tuple(f"type {number}" for number in range(11))
    listed = " ".join(f"{chr(65 + n)}: {text}" for n, text in enumerate(texts))
    assert questions.options(f"Question: which cell? Options: {listed}") == texts


@pytest.mark.parametrize(
    ("stated", "order"),
    [
        ("[x_min, y_min, x_max, y_max]", "xyxy"),
        ("(xmin, ymin, xmax, ymax)", "xyxy"),
        ("[x1, y1, x2, y2]", "xyxy"),
        ("[x, y, width, height]", "xywh"),
        ("[x,y,w,h]", "xywh"),
        ("[x_center, y_center, width, height]", "cxcywh"),
        ("[y_min, x_min, y_max, x_max]", "yxyx"),
    ],
)
def test_the_convention_is_that_of_the_question(stated: str, order: Any) -> None:
    question = f"Find the exact bounding box {stated} for the fetal head."
    assert questions.box_format(question) == BoxFormat(order=order)


@pytest.mark.parametrize(
    "words",
    [
        "in 0-1000",
        "scaled to 0-1",
        "in the range 0 to 1",
        "between 0 and 1.0",
        "normalised",
        "as percentages",
        "relative to the image size",
    ],
)
def test_scaled_boxes_are_refused(words: str) -> None:
    with pytest.raises(questions.Unreadable, match="scaled"):
        questions.box_format(f"Find the head [x1, y1, x2, y2] {words}.")


def test_pixels_from_a_corner_are_not_scaled() -> None:
    question = "Find heads 1 to 10 [x1, y1, x2, y2], in pixels relative to the top-left corner."
    assert questions.box_format(question) == BoxFormat()


def test_what_follows_the_last_option_is_no_part_of_it() -> None:
    asked = "Which? A: cat, B: dog. Please answer with a letter."
    assert questions.options(asked) == ("cat", "dog")


@pytest.mark.parametrize(
    ("question", "target"),
    [
        (
            "Find the exact bounding box [x_min, y_min, x_max, y_max] for the fetal head.",
            "fetal head",
        ),
        ("List the coordinates of the fetal head in the format [x1, y1, x2, y2].", "fetal head"),
        ("Give the bounding box of the left lung as [x, y, w, h].", "left lung"),
        ("Detect all breast lesions in this image. Use [x, y, w, h].", "breast lesions"),
        (
            "Give coordinates of the bounding box for the symphysis: [x,y,w,h]",
            "symphysis",
        ),
        ("Where is it? [x, y, w, h]", "object"),
    ],
)
def test_the_target_is_named_as_in_the_question(question: str, target: str) -> None:
    assert questions.target(question) == target


def test_types_may_be_a_range() -> None:
    assert questions.types("ids (1-3, X, Y) to boxes") == ("1", "2", "3", "X", "Y")
    assert questions.types("ids (e.g. 1, 2) to boxes in (x, y, w, h)") == ()
