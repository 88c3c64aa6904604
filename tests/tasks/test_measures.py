"""What a task adds to its metric: which answers it compares, and how."""

import pytest

from diascope.answers import Box, Boxes, Choice, Finding, Findings, Labels, Number, Text
from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace, FindingList, Free, LabelSet, Options, Range
from diascope.geometry import BoxFormat, CanvasMap, Size
from diascope.tasks import task

XY = FindingList(names=("x", "y"))
SPACE = BoxSpace(labels=("a", "b"))


def findings(**statuses: str) -> Findings:
    named = (Finding(name=name, status=status) for name, status in statuses.items())
    return Findings(findings=tuple(named))


def boxes(*x1: float, label: str = "a") -> Boxes:
    return Boxes(boxes=tuple(Box(label=label, x0=0, y0=0, x1=each, y1=10) for each in x1))


@pytest.fixture
def score(make_case):
    """The metrics of (expects, truth, reply) triples."""

    def measure(name, *triples):
        pairs = [(make_case(name, "?", expects, truth), reply) for expects, truth, reply in triples]
        return task(name).summarise([task(name).measure(*pair) for pair in pairs])

    return measure


def test_multilabel_reads_findings_as_labels(score):
    known = findings(x="present", y="absent")
    assert score("multilabel", (XY, known, known))["example_f1"] == 1.0
    assert score("multilabel", (XY, known, findings(x="absent")))["example_f1"] == 0.0
    assert score("multilabel", (XY, known, Text(text="x")))["example_f1"] == 0.0
    labels = Labels(present=("x",), absent=("y",))
    assert score("multilabel", (LabelSet(labels=("x", "y")), labels, labels))["micro_f1"] == 1.0


def test_a_report_of_findings_is_measured_on_its_text(score):
    known = findings(x="present", y="uncertain")
    assert score("report", (XY, known, known))["exact_match"] == 1.0
    assert 0 < score("report", (XY, known, findings(x="present")))["rouge_l"] < 1
    assert score("report", (XY, known, None))["rouge_l"] == 0.0


def test_vqa_compares_normalised_words_and_numbers_as_written(score):
    closed, number = Options(options=("yes", "no")), Range(high=9, decimals=1)
    metrics = score(
        "vqa",
        (closed, Choice(option="yes"), Choice(option="yes")),
        (closed, Choice(option="yes"), Choice(option="no")),
        (Free(), Text(text="Left  lung."), Text(text="left lung")),
        (number, Number(value=2.04), Number(value=2.0)),
        (number, Number(value=2.0), Number(value=2.1)),
    )
    assert metrics["accuracy"] == pytest.approx(3 / 5)
    assert metrics["accuracy_closed"] == pytest.approx(1 / 2)
    assert metrics["accuracy_open"] == pytest.approx(2 / 3)


def test_grounding_counts_hits_from_half_on(score):
    metrics = score(
        "grounding",
        (SPACE, boxes(10), boxes(5)),
        (SPACE, boxes(10), boxes(4)),
        (SPACE, boxes(10), boxes(10, label="b")),
        (SPACE, boxes(10), boxes(10, 10.5)),
    )
    assert metrics["mean_iou"] == pytest.approx((0.5 + 0.4 + 1 + 0.5) / 4)
    assert metrics["accuracy_50"] == pytest.approx(3 / 4)


def test_an_answer_of_another_kind_is_scored_as_invalid(score):
    for reply in (None, Text(text="a")):
        metrics = score("detection", (SPACE, boxes(10), reply), (SPACE, Boxes(), reply))
        assert metrics["f1_50"] == 0.0
        assert score("counting", (Range(high=9), Number(value=3), reply))["mae"] == 6.0
        assert score("grounding", (SPACE, boxes(10), reply))["mean_iou"] == 0.0


@pytest.mark.parametrize(
    ("name", "by_class", "text"),
    [
        ("detection", False, '[{"box_2d":[0,0,83,31],"label":"a"}]'),
        ("detection", True, '{"a":[[0,0,83,31]]}'),
        ("instance_detection", False, '{"a":[[0,0,83,31]]}'),
    ],
)
def test_boxes_are_grouped_by_class_where_that_is_asked(name, by_class, text, make_case, canvas):
    space = SPACE.model_copy(update={"by_class": by_class})
    case = make_case(name, "?", space, boxes(5))
    codec = task(name).codec(case.turn, Dialect(name="json"), canvas)
    assert codec.encode(case.truth) == text


def test_the_convention_of_the_record_goes_before_that_of_the_family(make_case, canvas):
    format = BoxFormat(order="xywh", space="pixels")
    space = SPACE.model_copy(update={"format": format})
    case = make_case("detection", "?", space, boxes(5))
    codec = task("detection").codec(case.turn, Dialect(name="json"), canvas)
    assert codec.encode(case.truth) == '[{"box_2d":[0,0,5,10],"label":"a"}]'
    native = task("detection").codec(case.turn, Dialect(name="loc"), canvas)
    assert native.encode(case.truth) == "<loc0000><loc0000><loc0085><loc0032> a"


@pytest.mark.parametrize("value", [2.675, -0.001, 0.125, 1e-9])
def test_a_number_agrees_with_itself_through_its_codec(make_case, value):
    case = make_case("vqa", "?", Range(low=-1, high=9, decimals=2), Number(value=value))
    chosen = task("vqa")
    canvas = CanvasMap.fit(Size(9, 9), Size(9, 9), "pad")
    codec = chosen.codec(case.turn, Dialect(name="loc"), canvas)
    reply = codec.parse(codec.encode(case.truth))
    assert chosen.measure(case, reply)["hits"] == 1.0


def test_an_invented_finding_counts_against_the_reply(make_case):
    """In a list of findings, what is not listed is absent: naming it is wrong."""

    def listed(*names):
        return Findings(findings=tuple(Finding(name=name, status="present") for name in names))

    expects = FindingList(names=("nodule", "effusion", "device"))
    chosen = task("multilabel")
    nothing = make_case("multilabel", "?", expects, listed())
    assert chosen.measure(nothing, listed("nodule", "effusion"))["example_f1"] == 0.0
    assert chosen.measure(nothing, listed())["example_f1"] == 1.0
    one = make_case("multilabel", "?", expects, listed("nodule"))
    row = chosen.measure(one, listed("nodule", "effusion", "device"))
    assert row["example_f1"] == pytest.approx(0.5)
    assert row["fp:effusion"] == row["fp:device"] == row["tp:nodule"] == 1.0
