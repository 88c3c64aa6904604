"""Records and expectations: what they refuse, and that they cross a file unchanged."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from diascope.answers import Choice
from diascope.expectations import (
    BoxSpace,
    Expectation,
    FindingList,
    Free,
    LabelSet,
    MaskSpace,
    Options,
    Range,
)
from diascope.geometry import BoxFormat, Size
from diascope.records import Case, Context, Image, Record, Turn

EXPECTATIONS: list[Expectation] = [
    Options(options=("Yes", "No"), style="letters"),
    LabelSet(labels=("a, b", "c"), none="No finding"),
    Range(low=-1, high=2.5, decimals=1, unit="mm"),
    BoxSpace(labels=("a",), format=BoxFormat(order="xywh", space="percent"), by_class=True),
    MaskSpace(labels=("a",), vertices=3),
    FindingList(names=("a",)),
    Free(max_chars=10),
]


def image(path: str = "images/a.png") -> Image:
    return Image(path=path, width=8, height=6)


def record(**changes: Any) -> Record:
    turn = Turn(task="classification", question="?", expects=EXPECTATIONS[0])
    values: dict[str, Any] = {"id": "r", "dataset": "d", "patient": "p", "study": "s"}
    values |= {"split": "train", "images": (image(),), "turns": (turn,)}
    return Record(**(values | changes))


@pytest.mark.parametrize("expects", EXPECTATIONS, ids=lambda expects: str(expects.kind))
def test_an_expectation_crosses_json_unchanged(expects: Expectation) -> None:
    adapter: TypeAdapter[Expectation] = TypeAdapter(Expectation)
    assert adapter.validate_json(adapter.dump_json(expects)) == expects


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Options, {"options": ()}),
        (LabelSet, {"labels": ()}),
        (Range, {"low": 1, "high": 1}),
        (Range, {"high": 1, "decimals": 7}),
        (BoxSpace, {"labels": ("a",), "limit": 0}),
        (MaskSpace, {"labels": ("a",), "vertices": 2}),
        (Free, {"max_chars": 0}),
        (BoxFormat, {"order": "yx"}),
    ],
)
def test_an_expectation_refuses(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**values)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.png", "images/../../a.png"])
def test_an_image_stays_inside_its_folder(path: str) -> None:
    with pytest.raises(ValidationError, match="inside the record's folder"):
        image(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": ()}, "at least 1"),
        ({"turns": ()}, "at least 1"),
        ({"splits": "train"}, "not permitted"),
        ({"metadata": {"age": 3}}, "string"),
    ],
)
def test_a_record_refuses(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        record(**changes)


def test_a_turn_asks_about_an_image_that_there_is() -> None:
    turn = Turn(task="classification", question="?", expects=EXPECTATIONS[0], image=1)
    with pytest.raises(ValidationError, match="image 1 of 1"):
        record(turns=(turn,))
    assert record(turns=(turn,), images=(image(), image("b.png"))).cases()[0].image.path == "b.png"


def test_a_conversation_over_two_studies_crosses_json_unchanged() -> None:
    images = (image(), image("b.png").model_copy(update={"role": "prior", "study": "s0"}))
    turns = tuple(
        Turn(task=task, question="?", expects=expects)
        for task, expects in (("multilabel", EXPECTATIONS[5]), ("report", EXPECTATIONS[6]))
    )
    context = (Context(role="prior report", text="Normal.", study="s0"),)
    whole = record(images=images, turns=turns, context=context, restricted=True)
    for text in (whole.model_dump_json(), whole.model_dump_json(exclude_none=True)):
        assert Record.model_validate_json(text) == whole
    assert [case.id for case in whole.cases()] == ["r#0", "r#1"]


def test_a_case_has_the_truth_or_says_that_there_is_none() -> None:
    turn = record().turns[0].model_copy(update={"answer": Choice(option="No")})
    assert Case(record(turns=(turn,)), 0).truth == Choice(option="No")
    with pytest.raises(ValueError, match="r#0 has no true answer"):
        _ = Case(record(), 0).truth


def test_records_and_cases_are_hashable() -> None:
    assert len({Case(record(), 0), Case(record(), 0), Case(record(id="q"), 0)}) == 2


def test_an_image_knows_its_size() -> None:
    assert image().size == Size(8, 6)
