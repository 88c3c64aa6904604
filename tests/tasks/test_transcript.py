"""A transcript has, line by line, all that a model reads before its reply."""

from typing import Any

from diascope.answers import Choice, Text
from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace, Free, Options
from diascope.records import Case, Context, Image, Record, Turn
from diascope.tasks.transcript import transcript

LOC, JSON = Dialect(name="loc"), Dialect(name="json")
PLAIN = Image(path="a.png", width=30, height=20)
PRIOR = Image(path="b.png", width=30, height=20, role="prior")
ASKED = Turn(
    task="vqa",
    question="Is it normal?",
    expects=Options(options=("yes", "no")),
    answer=Choice(option="no"),
)
WRITE = Turn(task="report", question="Write.", expects=Free(), answer=Text(text="Clear."))


def record(*turns: Turn, **changes: Any) -> Record:
    values: dict[str, Any] = {"id": "r", "dataset": "d", "patient": "p", "study": "s"}
    return Record(**(values | {"split": "train", "images": (PLAIN,), "turns": turns} | changes))


def test_a_single_question_stands_alone() -> None:
    assert transcript(Case(record(WRITE), 0), LOC, []) == "Write."


def test_all_that_was_said_before_comes_first() -> None:
    context = (Context(role="indication", text="Cough."),)
    asked = record(ASKED, WRITE, images=(PLAIN, PRIOR), context=context)
    assert transcript(Case(asked, 1), LOC, ["no"]).split("\n") == [
        "main, prior",
        "indication: Cough.",
        "Is it normal?",
        "options: yes; no (image 1)",
        "no",
        "Write. (image 1)",
    ]


def test_a_dialect_has_its_own_words() -> None:
    find = Turn(task="detection", question="Find it.", expects=BoxSpace(labels=("heart",)))
    case = Case(record(find), 0)
    assert transcript(case, LOC, []) == "detect heart"
    assert "Reply in JSON" in transcript(case, JSON, [])


def test_people_write_no_special_tokens() -> None:
    odd = record(
        Turn(task="report", question="Write <eos>.", expects=Free()),
        context=(Context(role="prior", text="<loc0001>"),),
    )
    assert transcript(Case(odd, 0), LOC, []) == "prior: < loc0001>\nWrite < eos>."
