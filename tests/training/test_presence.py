"""What a record says of labels, of normality, and as a text: never more than it knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Answer, Choice, Finding, Findings, Labels, Text
from diascope.expectations import Expectation, FindingList, Free, LabelSet, Options
from diascope.records import Case, Image, Record, Turn
from diascope.training.captions import caption
from diascope.training.lessonconfig import ContrastiveConfig, LabelsConfig
from diascope.training.presence import ABNORMAL, abnormality, asked_presence, presence

ABNORMALITY = LabelsConfig(ask="abnormal")
NAMES = ("No Finding", "Edema", "Nodule", "Support Devices")


def case(task: str, expects: Expectation, answer: Answer | None) -> Case:
    turn = Turn(task=task, question="?", expects=expects, answer=answer)
    image = Image(path="a.png", width=8, height=8)
    fields = {"dataset": "d", "patient": "p", "study": "s", "split": "train"}
    return Case(Record(id="r", images=(image,), turns=(turn,), **fields), 0)


def labelled(**known: tuple[str, ...]) -> Case:
    return case("multilabel", LabelSet(labels=NAMES), Labels(**known))


def chosen(option: str, *options: str, task: str = "classification") -> Case:
    return case(task, Options(options=options), Choice(option=option))


def test_uncertain_and_unknown_labels_are_left_out() -> None:
    said = labelled(present=("Edema",), absent=("Nodule",), uncertain=("Support Devices",))
    assert presence(said) == {"Edema": 1.0, "Nodule": 0.0}


def test_what_a_list_of_findings_leaves_out_is_absent() -> None:
    findings = Findings(
        findings=(
            Finding(name="Edema", status="present"),
            Finding(name="Nodule", status="uncertain"),
        )
    )
    said = case("report", FindingList(names=NAMES), findings)
    assert presence(said) == {"Edema": 1.0, "No Finding": 0.0, "Support Devices": 0.0}


def test_options_are_labels_of_a_classification_alone() -> None:
    assert presence(chosen("b", "a", "b")) == {"a": 0.0, "b": 1.0}
    assert presence(chosen("yes", "yes", "no", task="vqa")) == {}
    assert presence(case("report", Free(), Text(text="Edema."))) == {}
    assert presence(case("report", Free(), None)) == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (labelled(present=("Edema",)), 1.0),
        (labelled(present=("No Finding",)), 0.0),
        (labelled(present=("No Finding", "Support Devices")), 0.0),
        (labelled(absent=("Edema", "Nodule")), 0.0),
        (labelled(present=("Support Devices",), absent=("Edema", "Nodule")), 0.0),
        (labelled(absent=("Edema",)), None),
        (labelled(absent=("Edema",), uncertain=("Nodule",)), None),
        (labelled(present=("Support Devices",)), None),
        (labelled(absent=NAMES), None),
        (chosen("Normal", "Normal", "Pneumonia"), 0.0),
        (chosen("Pneumonia", "Normal", "Pneumonia"), 1.0),
        (chosen("round", "round", "oval"), None),
    ],
)
def test_abnormal_normal_or_unknown(said: Case, expected: float | None) -> None:
    assert abnormality(said, ABNORMALITY) == ({} if expected is None else {ABNORMAL: expected})
    assert asked_presence(said, ABNORMALITY) == abnormality(said, ABNORMALITY)
    assert asked_presence(said, LabelsConfig()) == presence(said)


@given(st.lists(st.sampled_from(["present", "absent", "uncertain", None]), min_size=4, max_size=4))
def test_a_caption_says_what_is_known_and_nothing_else(statuses: list[str | None]) -> None:
    known = {
        status: tuple(name for name, each in zip(NAMES, statuses, strict=True) if each == status)
        for status in ("present", "absent", "uncertain")
    }
    said = caption(labelled(**known), ContrastiveConfig())
    words = {"present": "{}", "absent": "no {}", "uncertain": "possible {}"}
    expected = {
        words[status].format(name)
        for name, status in zip(NAMES, statuses, strict=True)
        if status is not None
    }
    assert set((said or "").split(", ")) - {""} == expected
    assert (said is None) == (not expected)


def test_reports_and_options_are_texts_too() -> None:
    report = case("report", Free(), Text(text=" The heart is enlarged. "))
    assert caption(report, ContrastiveConfig()) == "The heart is enlarged."
    assert caption(chosen("Pneumonia", "Normal", "Pneumonia"), ContrastiveConfig()) == "Pneumonia"
    assert caption(report, ContrastiveConfig(texts=("labels",))) is None
    assert caption(labelled(present=("Edema",)), ContrastiveConfig(texts=("reports",))) is None
    assert caption(case("vqa", Free(), Text(text="left")), ContrastiveConfig()) is None
    assert caption(case("report", Free(), Text(text=" ")), ContrastiveConfig()) is None
