import pytest

from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace, FindingList, Free, LabelSet, MaskSpace, Options, Range
from diascope.geometry import BoxFormat
from diascope.tasks import task

LOC, JSON = Dialect(name="loc"), Dialect(name="json")
LETTERS = Options(options=("normal", "ill"), style="letters")
CELLS = BoxSpace(labels=("RBC", "WBC"))
PIXELS = BoxSpace(labels=("RBC",), format=BoxFormat(order="xywh", space="pixels"))
LUNG = MaskSpace(labels=("left lung",))


@pytest.mark.parametrize(
    ("name", "question", "expects", "prompt"),
    [
        ("classification", "What is it?", LETTERS, "What is it?\nA: normal, B: ill"),
        ("classification", "Is it A: normal, or B: ill?", LETTERS, "Is it A: normal, or B: ill?"),
        ("classification", "a) Normal\nb) Ill", LETTERS, "a) Normal\nb) Ill"),
        # the words alone do not say which letter is which
        ("classification", "normal or ill?", LETTERS, "normal or ill?\nA: normal, B: ill"),
        ("vqa", "Normal?", Options(options=("yes", "no")), "Normal?\noptions: yes; no"),
        ("vqa", "Yes or no: ill?", Options(options=("yes", "no")), "Yes or no: ill?"),
        ("vqa", "Where?", Free(), "Where?"),
        ("vqa", "How wide?", Range(high=9, unit="mm"), "How wide? in mm"),
        ("multilabel", "Which?", LabelSet(labels=("a, b", "c")), "Which?\nlabels: a, b; c"),
        ("multilabel", "Is there c, or a, b?", LabelSet(labels=("a, b", "c")), None),
        ("multilabel", "Which?", FindingList(names=("x", "y")), "Which?\nlabels: x; y"),
        ("report", "Describe.", Free(), "Describe."),
        ("report", "Describe.", FindingList(names=("x", "y")), "Describe.\nfindings: x; y"),
        ("counting", "How many?", Range(high=9), "How many?"),
        ("regression", "How wide, in mm?", Range(high=9, unit="mm"), "How wide, in mm?"),
        ("detection", "Find cells.", CELLS, "detect RBC ; WBC"),
        ("detection", "Find.", CELLS.model_copy(update={"by_class": True}), "instances RBC ; WBC"),
        ("instance_detection", "Find cells.", CELLS, "instances RBC ; WBC"),
        ("segmentation", "Outline it.", LUNG, "segment left lung"),
        ("grounding", "the large cell", CELLS, "ground the large cell"),
    ],
)
def test_words_in_the_loc_dialect(name, question, expects, prompt, make_case):
    turn = make_case(name, question, expects, None).turn
    assert task(name).prompt(turn, LOC) == (question if prompt is None else prompt)


@pytest.mark.parametrize(
    ("name", "expects", "form"),
    [
        ("detection", CELLS, '[{"box_2d": [top, left, bottom, right], "label": "..."}, ...], '
         "numbers from 0 to 1000."),
        ("detection", PIXELS, '[{"box_2d": [left, top, width, height], "label": "..."}, ...], '
         "numbers in pixels."),
        ("instance_detection", PIXELS, '{"label": [[left, top, width, height], ...], ...}, '
         "numbers in pixels."),
        ("grounding", CELLS, '[{"box_2d": [top, left, bottom, right], "label": "..."}, ...], '
         "numbers from 0 to 1000."),
        ("segmentation", LUNG, '[{"polygon": [[y, x], ...], "label": "..."}, ...], '
         "numbers from 0 to 1000."),
    ],
)  # fmt: skip
def test_json_says_its_form_and_its_convention(name, expects, form, make_case):
    turn = make_case(name, "Show every RBC, WBC and left lung.", expects, None).turn
    assert task(name).prompt(turn, JSON) == f"{turn.question}\nReply in JSON: {form}"


def test_json_names_the_labels_that_the_question_leaves_out(make_case):
    turn = make_case("detection", "Show the cells.", CELLS, None).turn
    assert task("detection").prompt(turn, JSON).startswith("Show the cells.\nlabels: RBC; WBC\n")


def test_a_name_inside_a_longer_word_is_not_said(make_case):
    turn = make_case("vqa", "Normal?", Options(options=("no", "normal")), None).turn
    assert task("vqa").prompt(turn, LOC) == "Normal?\noptions: no; normal"
    turn = make_case("vqa", "Abnormal?", Options(options=("normal", "abnormal")), None).turn
    assert task("vqa").prompt(turn, LOC) == "Abnormal?\noptions: normal; abnormal"
