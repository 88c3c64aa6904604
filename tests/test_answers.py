"""Answers: what they refuse, and that they cross a file unchanged."""

import math
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from diascope.answers import (
    Answer,
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

BOX = Box(label="nodule", x0=1, y0=2, x1=3.5, y1=4)
ANSWERS: list[Answer] = [
    Choice(option="Yes; definitely, 100 %"),
    Labels(present=("a, b",), absent=("c",), uncertain=("d",)),
    Number(value=1.25, unit="mm", interval=(1.0, 2.0)),
    Boxes(boxes=(BOX, BOX.model_copy(update={"score": 0.5}))),
    Masks(masks=(Mask(label="lung", polygon=((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))),)),
    Text(text="No focal opacity.\nNormal heart.", evidence=Boxes(boxes=(BOX,))),
    Findings(findings=(Finding(name="effusion", status="uncertain", probability=0.4),)),
    Boxes(),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.kind))
def test_crosses_json_unchanged(answer: Answer) -> None:
    adapter: TypeAdapter[Answer] = TypeAdapter(Answer)
    assert adapter.validate_json(adapter.dump_json(answer)) == answer
    assert hash(answer) == hash(answer.model_copy())


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Labels, {"present": ("a",), "absent": ("a",)}),
        (Labels, {"present": ("a", "a")}),
        (Box, {"label": "a", "x0": 3, "y0": 0, "x1": 3, "y1": 1}),
        (Box, {"label": "a", "x0": 0, "y0": 2, "x1": 3, "y1": 1}),
        (Box, {"label": "a", "x0": math.nan, "y0": 0, "x1": 3, "y1": 1}),
        (Box, {"label": "a", "x0": 0, "y0": 0, "x1": math.inf, "y1": 1}),
        (Mask, {"label": "a", "polygon": ((0.0, 0.0), (1.0, 1.0))}),
        (Number, {"value": math.inf}),
        (Number, {"value": "3"}),
        (Finding, {"name": "a", "status": "maybe"}),
        (Finding, {"name": "a", "status": "present", "probability": 1.5}),
        (Choice, {"option": "a", "letter": "A"}),
    ],
)
def test_refuses(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**values)


def test_a_finding_is_named_once() -> None:
    twice = (Finding(name="a", status="present"), Finding(name="a", status="absent"))
    with pytest.raises(ValidationError, match="more than once"):
        Findings(findings=twice)


def test_an_answer_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Choice(option="a").option = "b"  # type: ignore[misc]


def test_boxes_group_by_label_in_order_of_appearance() -> None:
    def box(label: str, x0: float) -> Box:
        return Box(label=label, x0=x0, y0=0, x1=9, y1=9)

    boxes = Boxes(boxes=(box("b", 1), box("a", 2), box("b", 3)))
    assert list(boxes.by_label().items()) == [
        ("b", (box("b", 1), box("b", 3))),
        ("a", (box("a", 2),)),
    ]
