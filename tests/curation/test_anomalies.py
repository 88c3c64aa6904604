"""Anomalies: what is legal question by question and yet teaches a model the wrong thing."""

from typing import Any

import pytest

from diascope.answers import Box, Boxes, Choice, Labels, Text
from diascope.curation.anomalies import Anomalies, Anomaly
from diascope.expectations import BoxSpace, Expectation, Free, LabelSet, Options
from diascope.geometry import BoxFormat, Size
from diascope.records import Context, Image, Record, Turn
from diascope.tasks.checks import problems


def asked(options: tuple[str, ...], answer: str, question: str = "Which?", **more: Any) -> Turn:
    expects = Options(options=options, **more)
    return Turn(
        task="classification", question=question, expects=expects, answer=Choice(option=answer)
    )


def record(number: int, *turns: Turn, sha256: str | None = None, **changes: Any) -> Record:
    image = Image(path="a.png", width=30, height=20, sha256=sha256 or f"{number:064x}")
    values: dict[str, Any] = {"id": f"r{number}", "dataset": "d", "patient": "p", "study": "s"}
    return Record(**(values | {"split": "train", "images": (image,), "turns": turns} | changes))


def found(*records: Record) -> tuple[Anomaly, ...]:
    anomalies = Anomalies()
    for each in records:
        anomalies.add(each)
    return anomalies.found()


def plain(*records: Record) -> list[tuple[str, int, int]]:
    return [(each.what, each.times, each.of) for each in found(*records)]


@pytest.mark.parametrize(
    ("options", "alike"),
    [
        (("Left lung", "left  lung."), True),
        (("X-ray", "Xray"), True),
        (("T1", "T-1"), False),
        (("1.5", "15"), False),
        (("-1", "1"), False),
        (("+", "-"), False),
        (("a, b", "ab"), True),
        (("mass", "masses"), False),
    ],
)
def test_options_that_a_reader_takes_for_one(options: tuple[str, ...], alike: bool) -> None:
    told = plain(record(0, asked(options, options[0])))
    assert told == (
        [("options differ in case, spaces or punctuation alone", 1, 1)] if alike else []
    )


def test_so_for_labels() -> None:
    labels = LabelSet(labels=("Mass", "mass"))
    answer = Labels(absent=("Mass", "mass"))
    turn = Turn(task="multilabel", question="?", expects=labels, answer=answer)
    assert [each.times for each in found(record(0, turn))] == [1]


def test_options_spelt_alike_are_an_error_and_no_anomaly() -> None:
    assert problems(asked(("a", "a"), "a"), Size(30, 20)) != []
    assert problems(asked(("a", "b"), "c"), Size(30, 20)) != []


def test_an_option_that_is_never_right() -> None:
    told = plain(*(record(n, asked(("yes", "no"), "no")) for n in range(30)))
    assert told == [("the option 'yes' is offered and never right", 30, 30)]
    assert plain(*(record(n, asked(("yes", "no"), "no")) for n in range(29))) == []
    mixed = [asked(("yes", "no"), "yes" if n == 7 else "no") for n in range(30)]
    assert plain(*(record(n, turn) for n, turn in enumerate(mixed))) == []


def test_the_answer_always_in_the_same_place() -> None:
    lists = [(f"right {n}", f"wrong {n}", f"other {n}") for n in range(20)]
    told = plain(*(record(n, asked(each, each[0])) for n, each in enumerate(lists)))
    assert told == [("of 3 options, number 1 is the answer", 20, 20)]
    turned = [asked(each, each[n % 3]) for n, each in enumerate(lists)]
    assert plain(*(record(n, turn) for n, turn in enumerate(turned))) == []


def test_one_list_for_all_questions_has_no_places() -> None:
    turns = [asked(("normal", "mass"), "mass" if n == 0 else "normal") for n in range(25)]
    assert plain(*(record(n, turn) for n, turn in enumerate(turns))) == []


def test_questions_that_name_their_answer() -> None:
    parts = [f"part {n}" for n in range(20)]
    turns = [asked((part, f"no {n}"), part, f"What is the {part}?") for n, part in enumerate(parts)]
    told = [each for each in plain(*(record(n, turn) for n, turn in enumerate(turns)))]
    assert ("the question names one option alone, the right one", 20, 20) in told
    by_chance = [
        asked(("mass", "nodule"), "mass" if n % 3 else "nodule", "Nodule or what is it?")
        for n in range(60)
    ]
    assert plain(*(record(n, turn) for n, turn in enumerate(by_chance))) == []
    listed = [asked(("mass", "nodule"), "mass", "Mass or nodule?") for _ in range(25)]
    assert plain(*(record(n, turn) for n, turn in enumerate(listed))) == []


@pytest.mark.parametrize(
    ("question", "format", "odd"),
    [
        ("Box as [x_min, y_min, width, height].", BoxFormat(order="xywh"), False),
        ("Box as [x_min, y_min, width, height].", BoxFormat(), True),
        ("Box as [x1, y1, x2, y2], normalized.", BoxFormat(), True),
        ("Box as [x1, y1, x2, y2], normalized.", BoxFormat(space="unit"), False),
        ("Box as [x1, y1, x2, y2].", None, True),
        ("Where is it?", BoxFormat(), False),
        ("Where is it?", None, False),
    ],
)
def test_a_question_that_announces_another_convention(
    question: str, format: BoxFormat | None, odd: bool
) -> None:
    boxes = Boxes(boxes=(Box(label="a", x0=1, y0=1, x1=5, y1=5),))
    expects = BoxSpace(labels=("a",), format=format)
    turn = Turn(task="detection", question=question, expects=expects, answer=boxes)
    assert [each.times for each in found(record(0, turn))] == ([1] if odd else [])


def text(answer: str, question: str = "What?", expects: Expectation | None = None) -> Turn:
    asks = expects or Free()
    return Turn(task="vqa", question=question, expects=asks, answer=Text(text=answer))


def test_the_same_question_about_the_same_picture_answered_otherwise() -> None:
    same = "a" * 64
    told = found(*(record(n, text(f"{n // 2}"), sha256=same) for n in range(4)))
    (only,) = told
    assert only.what.startswith("the same question about the same picture")
    assert (only.times, only.of, only.records) == (2, 4, ("r2", "r3"))


def test_what_differs_in_anything_seen_does_not_contradict() -> None:
    same = "a" * 64
    frame = Image(path="a.png", width=30, height=20, sha256=same, frame_index=1)
    records = [
        record(0, text("a"), sha256=same),
        record(1, text("b"), sha256="b" * 64),
        record(2, text("b", "Where?"), sha256=same),
        record(3, text("b"), images=(frame,)),
        record(4, text("b"), sha256=same, context=(Context(role="prior", text="Clear."),)),
        record(5, text("x", "First?"), text("b"), sha256=same),
        record(6, text("b", expects=Free(max_chars=9)), sha256=same),
    ]
    assert found(*records) == ()


def test_the_first_records_that_show_it_are_told() -> None:
    told = found(*(record(n, asked(("a b", "a  b"), "a b")) for n in range(9)))
    assert told[0].records == ("r0", "r1", "r2", "r3", "r4")
    assert (told[0].dataset, told[0].task, told[0].times) == ("d", "classification", 9)
