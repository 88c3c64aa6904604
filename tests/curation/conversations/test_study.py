"""Forms on studies put together by hand: what is unknown, shared, divided or not a chest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Box, Boxes, Choice, Finding, Findings, Labels, Status, Text
from diascope.curation.conversations import form
from diascope.curation.conversations.form import Lack
from diascope.curation.conversations.study import DataSet, Study
from diascope.expectations import FindingList, LabelSet
from diascope.records import Context, Image, Record, Turn
from diascope.sources import turns
from diascope.sources._chexpert import FINDINGS

SET = DataSet(name="cxr", searched=frozenset(), located=frozenset(), divided=True)
FRONTAL = Image(path="f.png", width=100, height=50, study="s", view="PA")
LATERAL = Image(path="l.png", width=80, height=80, study="s", role="lateral")


def record(*asked: Turn, **changes: Any) -> Record:
    fields: dict[str, Any] = {"id": "r", "dataset": "cxr", "patient": "p", "study": "s"}
    fields |= {"split": "train", "images": (FRONTAL,), "turns": asked} | changes
    return Record(**fields)


def study(*records: Record, data_set: DataSet = SET, **changes: Any) -> Study:
    return Study(records, data_set._replace(**changes))


def made(name: str, of: Study, seed: int = 0) -> list[Record]:
    return [each for each in form(name).conversations(of, seed) if isinstance(each, Record)]


def lacks(name: str, of: Study) -> list[str]:
    return [each.why for each in form(name).conversations(of, 0) if isinstance(each, Lack)]


def report(text: str = "The lungs are clear.", section: str = "findings") -> Turn:
    return turns.report(section, text, 400)


def box(label: str, x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)


KNOWN = st.dictionaries(
    st.sampled_from(FINDINGS), st.sampled_from(["present", "absent", "uncertain"]), min_size=1
)


@given(KNOWN.filter(lambda known: known != {"No Finding": "uncertain"}))
def test_no_label_is_invented(known: dict[str, Status]) -> None:
    in_order = {name: known[name] for name in FINDINGS if name in known}
    (conversation,) = made("findings", study(record(turns.findings(in_order))))
    (turn,) = conversation.turns
    told = {name.lower(): status for name, status in in_order.items() if name != "No Finding"}
    if not told:
        status = known["No Finding"]
        assert turn.answer == Choice(option={"present": "no", "absent": "yes"}[status])
        return
    answer = turn.answer
    assert isinstance(answer, Labels)
    for status in ("present", "absent", "uncertain"):
        assert set(getattr(answer, status)) == {name for name in told if told[name] == status}
    # the order of the question must not tell the answer
    assert isinstance(turn.expects, LabelSet)
    assert turn.expects.labels == tuple(told)
    assert turn.question.endswith(f"Findings: {', '.join(told)}")


def test_a_label_that_the_answer_leaves_out_is_not_asked() -> None:
    asked = Turn(
        task="multilabel",
        question="Which findings are there?",
        expects=LabelSet(labels=("Edema", "Fracture", "Pneumonia")),
        answer=Labels(present=("Pneumonia",), absent=("Edema",)),
    )
    (conversation,) = made("findings", study(record(asked)))
    assert conversation.turns[0].expects == LabelSet(
        labels=("edema", "pneumonia"), none="not found"
    )
    unknown = asked.model_copy(update={"answer": Labels()})
    assert lacks("findings", study(record(unknown))) == ["no finding is known"]


def test_an_uncertain_no_finding_alone_is_not_asked() -> None:
    unsure = study(record(turns.findings({"No Finding": "uncertain"})))
    assert (made("findings", unsure), lacks("findings", unsure)) == ([], ["no finding is known"])


def test_a_findings_list_is_read_as_it_is_meant() -> None:
    names = ("nodule", "effusion", "mass")
    answer = Findings(findings=(Finding(name="effusion", status="uncertain"),))
    asked = Turn(
        task="multilabel",
        question="List the findings of the chest.",
        expects=FindingList(names=names),
        answer=answer,
    )
    (conversation,) = made("findings", study(record(asked)))
    assert conversation.turns[0].answer == Labels(
        absent=("nodule", "mass"), uncertain=("effusion",)
    )


def test_names_with_commas_are_parted_by_semicolons() -> None:
    known: dict[str, Status] = {"nodule, calcified": "absent", "mass": "present"}
    (conversation,) = made("findings", study(record(turns.findings(known))))
    assert conversation.turns[0].question.endswith("Findings: nodule, calcified; mass")


def test_names_that_differ_in_capitals_alone_stay_as_they_are() -> None:
    known: dict[str, Status] = {"Mass": "absent", "mass": "present"}
    (conversation,) = made("findings", study(record(turns.findings(known))))
    assert conversation.turns[0].answer == Labels(present=("mass",), absent=("Mass",))


@pytest.mark.parametrize("divided", [True, False])
def test_an_undivided_report_counts_where_no_report_is_divided(divided: bool) -> None:
    whole = record(report(section="report"))
    assert len(made("report", study(whole, divided=divided))) == (not divided)


@pytest.mark.parametrize(("words", "count"), [("Ok ...", 1), ("None", 0)])
def test_a_report_of_four_characters_is_none(words: str, count: int) -> None:
    assert len(made("report", study(record(report(words))))) == count


def test_all_records_of_a_study_are_read_together() -> None:
    split_up = study(
        record(turns.findings({"Edema": "present"})),
        record(report(), id="r1"),
        record(turns.question("Why?", "Because."), id="r2", images=(FRONTAL, LATERAL)),
    )
    (conversation,) = made("multi_view_report", split_up)
    assert [turn.task for turn in conversation.turns] == ["multilabel", "report"]
    assert [image.path for image in conversation.images] == ["f.png", "l.png"]
    # nothing says that the report of the frontal image alone is one of the lateral
    assert [len(each.images) for each in made("findings_then_report", split_up)] == [1]


def test_lateral_images_come_last_and_priors_are_of_another_study() -> None:
    old = Image(path="o.png", width=9, height=9, study="before", role="prior")
    mixed = study(record(report(), images=(LATERAL, old, FRONTAL)))
    assert [image.path for image in mixed.images] == ["f.png", "l.png"]


@pytest.mark.parametrize(("count", "makes"), [(1, 0), (2, 1), (5, 1), (6, 0)])
def test_two_to_five_views(count: int, makes: int) -> None:
    images = tuple(FRONTAL.model_copy(update={"path": f"{n}.png"}) for n in range(count))
    asked = (turns.findings({"Edema": "present"}), report())
    assert len(made("multi_view_report", study(record(*asked, images=images)))) == makes


@pytest.mark.parametrize(("old", "makes"), [(1, 1), (9, 1), (10, 0)])
def test_ten_images_of_two_studies_at_most(old: int, makes: int) -> None:
    images = tuple(FRONTAL.model_copy(update={"path": f"{n}.png"}) for n in range(old))
    before = study(record(report("The heart is large."), study="before", images=images))
    now = record(turns.findings({"Edema": "present"}), report())
    follow_up = Study((now,), SET, before)
    conversations = made("follow_up_report", follow_up)
    assert len(conversations) == makes
    for each in conversations:
        assert [image.role for image in each.images] == ["prior"] * old + ["main"]
        assert each.context == (
            Context(role="prior radiology report", text="The heart is large.", study="before"),
        )
        assert {turn.image for turn in each.turns} == {old}


def test_differential_diagnoses_are_the_sentences_that_name_them() -> None:
    text = (
        "There is a left lower lobe opacity. Differential diagnosis includes pneumonia and "
        "aspiration. Differential aeration of the lungs is seen. No pneumothorax."
    )
    told = study(record(report(text), report("DDx: edema.", section="impression")))
    (conversation,) = made("differential_diagnosis", told)
    (turn,) = conversation.turns
    assert turn.question == "What are the possible differential diagnoses for this patient?"
    assert turn.answer == Text(
        text="Differential diagnosis includes pneumonia and aspiration. DDx: edema."
    )
    assert made("differential_diagnosis", study(record(report()))) == []
    twice = study(record(report("DDx: edema."), report("DDx: edema.", section="impression")))
    assert made("differential_diagnosis", twice)[0].turns[0].answer == Text(text="DDx: edema.")


def test_a_label_that_readers_contradict_is_not_asked_where_it_is() -> None:
    """The set looks for masses in whole images, and this image's search leaves them out."""
    labels: dict[str, Status] = {"mass": "absent", "nodule": "present"}
    seen = record(turns.findings(labels), turns.find("lesion", ["nodule"], [], 8))
    located = frozenset({"mass", "nodule"})
    (conversation,) = made("finding_grounding", study(seen, searched=located, located=located))
    assert [turn.expects.labels for turn in conversation.turns] == [("nodule",)]


def test_an_absent_label_is_asked_where_the_set_points_at_it_elsewhere() -> None:
    labels: dict[str, Status] = {"mass": "absent", "hernia": "absent", "nodule": "present"}
    seen = study(record(turns.findings(labels)), located=frozenset({"mass", "nodule"}))
    (conversation,) = made("multi_finding_grounding", seen)
    (turn,) = conversation.turns
    assert turn.question.endswith("Findings: mass")
    assert turn.answer == Boxes()
    nothing = study(record(turns.findings(labels)))
    assert made("multi_finding_grounding", nothing) == []


def test_findings_are_in_order_of_name_whether_there_or_not() -> None:
    labels: dict[str, Status] = {"mass": "present", "hernia": "absent", "scar": "absent"}
    pointed = turns.where("the mass", "mass", [box("mass", 1, 2, 3, 4)])
    located = frozenset({"hernia", "mass", "scar"})
    seen = study(record(pointed, turns.findings(labels), split="test"), located=located)
    (conversation,) = made("finding_grounding", seen)
    assert [turn.expects.labels for turn in conversation.turns] == [
        ("hernia",),
        ("mass",),
        ("scar",),
    ]


def test_one_of_several_things_of_a_name_is_not_all_of_them() -> None:
    """ "the left nodule" is not every nodule of the chest."""
    pointed = turns.where("the left nodule", "nodule", [box("nodule", 1, 2, 3, 4)])
    assert made("finding_grounding", study(record(pointed))) == []
    only = turns.where("the nodule", "nodule", [box("nodule", 1, 2, 3, 4)])
    (conversation,) = made("finding_grounding", study(record(only)))
    assert conversation.turns[0].answer == Boxes(boxes=(box("nodule", 1, 2, 3, 4),))


def test_of_several_boxes_the_largest_is_asked_and_a_shared_one_is_not() -> None:
    boxes = [box("Mass", 0, 0, 10, 10), box("Mass", 0, 0, 20, 20), box("Node", 5, 5, 9, 9)]
    boxes += [box("Scar", 5, 5, 9, 9)]
    asked = turns.find("lesion of the lung", ["Mass", "Node", "Scar"], boxes, 8)
    (conversation,) = made("grounded_finding", study(record(asked)))
    assert [(turn.question, turn.answer.text) for turn in conversation.turns] == [
        ("Provide a finding name for this region. [0,0,20,40]", "mass")
    ]


def test_abnormalities_have_no_names_and_are_told_once() -> None:
    boxes = [box("Mass", 0, 0, 9, 9), box("Scar", 0, 0, 9, 9), box("device", 20, 20, 30, 30)]
    asked = turns.find("thing in the chest", ["Mass", "Scar", "device"], boxes, 8)
    (conversation,) = made("abnormality_detection", study(record(asked)))
    assert conversation.turns[0].answer == Boxes(boxes=(box("abnormality", 0, 0, 9, 9),))
    device = turns.find("thing in the chest", ["device"], boxes[2:], 8)
    assert made("abnormality_detection", study(record(device))) == []


def test_all_that_is_said_of_the_same_boxes_is_one_answer() -> None:
    asked = [
        turns.where(
            '"Large heart."', "cardiac silhouette", [box("cardiac silhouette", 1, 1, 9, 9)]
        ),
        turns.where('"It grew."', "cardiac silhouette", [box("cardiac silhouette", 1, 1, 9, 9)]),
    ]
    (conversation,) = made("grounded_phrase", study(record(*asked)))
    assert [turn.answer.text for turn in conversation.turns] == ["Large heart. It grew."]
    assert made("anatomy_grounding", study(record(*asked[:1]))) == []


def test_regions_that_are_spelt_alike_cannot_be_told_apart() -> None:
    asked = [
        turns.where("the carina", "carina", [box("carina", 10, 10, 20, 20)]),
        turns.where("the svc", "svc", [box("svc", 10.2, 10.1, 19.9, 20)]),
        turns.where("the spine", "spine", [box("spine", 40, 0, 60, 50)]),
    ]
    (conversation,) = made("grounded_anatomy", study(record(*asked, split="val")))
    assert [turn.answer.text for turn in conversation.turns] == ["spine"]
    (conversation,) = made("anatomy_grounding", study(record(*asked, split="val")))
    assert [turn.expects.labels for turn in conversation.turns] == [
        ("carina",),
        ("svc",),
        ("spine",),
    ]


def test_only_chests_are_radiographs_but_anything_may_be_asked() -> None:
    film = DataSet("blood", frozenset(), frozenset(), divided=True)
    cells = [box("cell", 0, 0, 9, 9)]
    asked = turns.find("cell", ["cell"], cells, 8), turns.question("How many?", "one")
    split_up = study(record(asked[0]), record(asked[1], id="r1"), data_set=film)
    assert lacks("finding_grounding", split_up) == [
        "nothing says that it is a radiograph of a chest"
    ]
    assert len(made("vqa", split_up)) == 1


def test_a_difference_does_not_come_with_the_report_that_would_answer_it() -> None:
    old = Image(path="o.png", width=9, height=9, study="before", role="prior")
    asked = turns.question("What changed in the chest?", "Nothing.")
    told = Context(role="prior report", text="Findings: none.", study="before")
    pair = record(asked, images=(FRONTAL, old), context=(told,))
    (conversation,) = made("difference", study(pair))
    assert [image.path for image in conversation.images] == ["o.png", "f.png"]
    assert (conversation.context, conversation.turns[0].image) == ((), 1)
    assert made("vqa", study(pair)) == []


def test_a_question_stays_with_its_image() -> None:
    asked = turns.question("Is it in front?", "yes", turns.YES_NO).model_copy(update={"image": 1})
    (conversation,) = made("vqa", study(record(asked, images=(FRONTAL, LATERAL))))
    assert (len(conversation.images), conversation.turns[0].image) == (2, 1)


def grounded(count: int, split: str) -> Study:
    phrases = [
        turns.where(f'"Phrase {n}."', f"Phrase {n}.", [box(f"Phrase {n}.", n, n, n + 5, n + 5)])
        for n in range(count)
    ]
    return study(record(*phrases, split=split))


@given(st.integers(1, 20), st.integers(0, 2**32), st.sampled_from(["train", "val", "test"]))
def test_the_order_is_a_function_of_the_seed_and_shuffled_in_training_alone(
    count: int, seed: int, split: str
) -> None:
    of = grounded(count, split)
    one, other = made("phrase_grounding", of, seed), made("phrase_grounding", of, seed)
    assert one == other
    in_order = made("phrase_grounding", grounded(count, "val"))[0].turns
    assert sorted(one[0].turns, key=str) == sorted(in_order, key=str)
    if split != "train":
        assert one[0].turns == in_order


def test_other_seeds_give_other_orders() -> None:
    orders = {made("phrase_grounding", grounded(12, "train"), seed)[0].turns for seed in range(8)}
    assert len(orders) > 6
