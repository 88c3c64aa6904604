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
from diascope.expectations import BoxSpace, FindingList, Free, LabelSet, MaskSpace, Options, Range
from diascope.geometry import Size
from diascope.records import Turn
from diascope.tasks import all_tasks
from diascope.tasks.checks import problems

SIZE = Size(100, 50)
ONE = BoxSpace(labels=("cell",), limit=1)
LUNG = MaskSpace(labels=("lung",), limit=1)
YES_NO = Options(options=("yes", "no"))
AB = LabelSet(labels=("a", "b"))


def box(x1: float, y1: float, label: str = "cell", x0: float = 0.0) -> Box:
    return Box(label=label, x0=x0, y0=0, x1=x1, y1=y1)


def mask(x: float, label: str = "lung") -> Mask:
    return Mask(label=label, polygon=((0, 0), (x, 0), (x, 9)))


@pytest.mark.parametrize(
    ("task", "expects", "answer", "problem"),
    [
        ("classificaton", Free(), None, "unknown task .*did you mean 'classification'"),
        ("detection", Free(), None, "detection accepts BoxSpace, not Free"),
        ("classification", Range(high=2), None, "classification accepts Options, not Range"),
        ("report", Free(), Number(value=1), "kind 'number', but 'free' is expected"),
        ("vqa", YES_NO, Choice(option="yess"), "unknown option 'yess'.*yes"),
        ("multilabel", AB, Labels(present=("c",), absent=("a", "b")), "unknown label 'c'"),
        ("multilabel", AB, Labels(present=("a",)), "leaves labels unknown that are asked: b"),
        ("multilabel", FindingList(names=("x",)),
         Findings(findings=(Finding(name="y", status="present"),)), "unknown finding 'y'"),
        ("counting", Range(high=10), Number(value=11), "number 11 is outside its range, 0 to 10"),
        ("counting", Range(high=10), Number(value=-1), "number -1 is outside its range"),
        ("detection", ONE, Boxes(boxes=(box(101.5, 9),)), "outside its image of 100 x 50"),
        ("detection", ONE, Boxes(boxes=(box(9, 51.5),)), "outside its image of 100 x 50"),
        ("detection", ONE, Boxes(boxes=(box(9, 9, x0=-1.5),)), "outside its image of 100 x 50"),
        ("detection", ONE, Boxes(boxes=(box(9, 9), box(8, 8))), "2 boxes, more than the limit"),
        ("detection", ONE, Boxes(boxes=(box(9, 9, "cel"),)), "unknown label 'cel'.*'cell'"),
        ("segmentation", LUNG, Masks(masks=(mask(102),)), "polygon of 'lung' is outside"),
        ("segmentation", LUNG, Masks(masks=(mask(9), mask(8))), "2 masks, more than the limit"),
        ("segmentation", LUNG, Masks(masks=(mask(9, "liver"),)), "unknown label 'liver'"),
        ("report", Free(), Text(text=" \n"), "text is empty"),
        ("report", Free(max_chars=3), Text(text="four"), "4 characters, more than 3"),
        ("counting", Range(high=10), Number(value=0.5), "a count is a whole number, not 0.5"),
        ("regression", Range(high=10, unit="cm"), Number(value=5, unit="mm"), "in 'mm', but 'cm'"),
        ("detection", ONE, Boxes(boxes=(box(101, 9, x0=100),)), "outside its image of 100 x 50"),
        ("segmentation", LUNG,
         Masks(masks=(Mask(label="lung", polygon=((0, 0), (5, 5), (9, 9))),)), "has no area"),
        ("classification", Options(options=("a", "a")), None, "two names are spelt alike"),
        ("classification", Options(options=("", "a")), None, "cannot be written"),
        ("classification", Options(options=("<loc0001>", "a")), None, "holds a special token"),
        ("multilabel", LabelSet(labels=("a; b", "c")), None, "separated by"),
        ("detection", BoxSpace(labels=("a ; b",)), None, "separated by"),
        ("counting", Range(low=0.2, high=0.7), None, "no whole numbers"),
        ("regression", Range(high=1e15, decimals=2), None, "too many digits"),
    ],
)  # fmt: skip
def test_each_problem_is_told_once(task, expects, answer, problem):
    turn = Turn(task=task, question="?", expects=expects, answer=answer)
    with pytest.raises(ValueError, match=problem):
        raise ValueError("; ".join(problems(turn, SIZE)))
    assert len(problems(turn, SIZE)) == 1


def test_every_problem_of_an_answer_is_told():
    answer = Boxes(boxes=(box(200, 9, "a"), box(300, 9, "b")))
    turn = Turn(task="detection", question="?", expects=ONE, answer=answer)
    assert len(problems(turn, SIZE)) == 5


@pytest.mark.parametrize(
    ("task", "expects", "answer"),
    [
        ("detection", ONE, Boxes(boxes=(box(101, 51, x0=-1),))),  # within a pixel
        ("detection", ONE, Boxes()),
        ("counting", Range(high=10), Number(value=10)),
        ("multilabel", AB, Labels(absent=("b",), uncertain=("a",))),
        ("multilabel", FindingList(names=("x", "y")), Findings()),  # not listed is absent
        ("report", Free(max_chars=4), Text(text="four")),
        ("report", Free(), None),  # a question without an answer can be asked
    ],
)
def test_what_can_be_used(task, expects, answer):
    turn = Turn(task=task, question="?", expects=expects, answer=answer)
    assert problems(turn, SIZE) == []


def test_drawn_cases_have_no_problem(draw_cases):
    for name in all_tasks():
        told = [problems(case.turn, case.image.size) for case in draw_cases(name, 20)]
        assert told == [[]] * 20
