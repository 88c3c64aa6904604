import pytest

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
from diascope.geometry import Size
from diascope.metrics.masks import rasterise
from diascope.tasks import all_tasks, task
from diascope.tasks.checks import problems

AB = Options(options=("a", "b"))
LABELS = LabelSet(labels=("x", "y"))
CELLS = BoxSpace(labels=("rare", "red"))


def found(*boxes: tuple[str, float, float, float, float]) -> Boxes:
    return Boxes(
        boxes=tuple(Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1) for label, x0, y0, x1, y1 in boxes)
    )


@pytest.fixture
def predict(make_case):
    """The baseline's answer to a question, after training on (expects, answer) pairs."""

    def ask(name: str, known: list[tuple[Expectation, Answer]], asked: Expectation) -> Answer:
        cases = [make_case(name, "?", expects, answer) for expects, answer in known]
        return task(name).baseline(cases)(make_case(name, "?", asked, None))

    return ask


def test_the_most_frequent_option(predict):
    known = [(AB, Choice(option=option)) for option in "abb"]
    assert predict("classification", known, AB) == Choice(option="b")


def test_an_unseen_question_falls_back_to_what_is_legal_there(predict):
    known = [(AB, Choice(option=option)) for option in "abb"]
    assert predict("classification", known, Options(options=("c", "a"))) == Choice(option="a")
    assert predict("classification", known, Options(options=("c", "d"))) == Choice(option="c")


def test_the_data_set_goes_before_all_data(make_case):
    cases = [make_case("classification", "?", AB, Choice(option="a"), dataset="one")]
    cases += [make_case("classification", "?", AB, Choice(option="b"), dataset="two")] * 5
    predict = task("classification").baseline(cases)
    assert predict(cases[0]) == Choice(option="a")
    assert predict(make_case("classification", "?", AB, None, dataset="new")) == Choice(option="b")


def test_the_most_frequent_label_set(predict):
    rare = Labels(present=("x", "y"))
    usual = Labels(present=("y",), absent=("x",))
    known = [(LABELS, rare), (LABELS, usual), (LABELS, usual)]
    assert predict("multilabel", known, LABELS) == usual
    unsaid = [(LABELS, Labels(present=("y",)))]
    assert predict("multilabel", unsaid, LABELS) == usual  # what is unknown becomes absent


def test_the_most_frequent_findings(predict):
    names = FindingList(names=("x", "y"))
    answer = Findings(findings=(Finding(name="y", status="uncertain", probability=0.4),))
    for name in ("multilabel", "report"):
        assert predict(name, [(names, answer)], names) == Findings(
            findings=(
                Finding(name="x", status="absent"),
                Finding(name="y", status="uncertain"),
            )
        )


def test_the_median_with_the_decimals_asked(predict):
    cm = Range(low=1, high=9, decimals=1, unit="cm")
    known = [(cm, Number(value=value, unit="cm")) for value in (2.0, 3.25, 9.0, 3.14)]
    assert predict("regression", known, cm) == Number(value=3.2, unit="cm")
    whole = Range(high=9)
    counts = [(whole, Number(value=value)) for value in (1.0, 2.0, 8.0)]
    assert predict("counting", counts, whole) == Number(value=2.0)
    assert predict("counting", counts, Range(low=5, high=6)) == Number(value=5.0)


def test_the_mean_box_of_usual_labels_scaled_to_the_image(make_case):
    known = [
        found(("red", 0, 0, 20, 20), ("red", 20, 20, 40, 40)),
        found(("red", 40, 40, 60, 60), ("rare", 0, 0, 5, 5)),
        Boxes(),
    ]
    cases = [make_case("detection", "?", CELLS, answer) for answer in known]
    asked = make_case("detection", "?", CELLS, None, size=Size(320, 60))
    for name in ("detection", "instance_detection", "grounding"):
        answer = task(name).baseline(cases)(asked)
        assert [box.label for box in answer.boxes] == ["red"]
        # 160 x 120 became 320 x 60
        assert answer.boxes[0].corners == pytest.approx((40, 10, 80, 20))


def test_a_label_is_usual_in_half_of_the_cases(predict):
    both = found(("red", 0, 0, 9, 9), ("rare", 50, 50, 60, 60))
    known = [(CELLS, both), (CELLS, found(("red", 0, 0, 9, 9)))]
    answer = predict("detection", known, CELLS)
    assert answer == found(("rare", 50, 50, 60, 60), ("red", 0, 0, 9, 9))
    fewer = predict("detection", [*known, known[1]], CELLS)
    assert fewer == found(("red", 0, 0, 9, 9))


def test_the_most_frequent_label_where_none_is_usual(predict):
    known = [(CELLS, Boxes())] * 5 + [(CELLS, found(("rare", 0, 0, 5, 5)))]
    assert predict("detection", known, CELLS) == found(("rare", 0, 0, 5, 5))
    assert predict("detection", [(CELLS, Boxes())], CELLS) == Boxes()


def test_grounding_goes_by_its_question(make_case):
    def case(question: str, answer: Boxes | None):
        return make_case("grounding", question, CELLS, answer)

    left, right = found(("red", 0, 0, 10, 10)), found(("red", 100, 0, 110, 10))
    predict = task("grounding").baseline([case("left", left), case("right", right)])
    assert predict(case("left", None)) == left
    assert predict(case("right", None)) == right
    assert predict(case("other", None)) == found(("red", 50, 0, 60, 10))


def test_an_ellipse_in_the_mean_extents(predict):
    space = MaskSpace(labels=("lung",), vertices=8)
    square = Mask(label="lung", polygon=((20, 10), (60, 10), (60, 50), (20, 50)))
    answer = predict("segmentation", [(space, Masks(masks=(square,)))], space)
    (mask,) = answer.masks
    assert len(mask.polygon) == 8
    drawn = rasterise([mask], Size(160, 120))
    rows, columns = drawn.nonzero()
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 10, 59, 49)
    assert 0.6 < drawn.sum() / 1600 < 0.8
    three = predict(
        "segmentation", [(space, Masks(masks=(square,)))], MaskSpace(labels=("lung",), vertices=3)
    )
    assert len(three.masks[0].polygon) == 3


def test_the_most_frequent_text_that_is_short_enough(predict):
    known = [(Free(), Text(text=text)) for text in ("normal", "normal", "ill")]
    assert predict("report", known, Free()) == Text(text="normal")
    assert predict("report", known, Free(max_chars=3)) == Text(text="ill")


def test_vqa_goes_by_its_question(make_case):
    def case(question: str, option: str | None):
        answer = None if option is None else Choice(option=option)
        return make_case("vqa", question, AB, answer)

    predict = task("vqa").baseline([case("one?", "a"), case("two?", "b"), case("two?", "b")])
    assert predict(case("one?", None)) == Choice(option="a")
    assert predict(case("new?", None)) == Choice(option="b")


def test_every_baseline_is_legal_with_and_without_training_cases(draw_cases, make_case):
    for name, chosen in all_tasks().items():
        cases = draw_cases(name, 30)
        for predict in (chosen.baseline(cases), chosen.baseline([])):
            answer = predict(cases[0])
            turn = cases[0].turn.model_copy(update={"answer": answer})
            assert problems(turn, cases[0].image.size) == []
