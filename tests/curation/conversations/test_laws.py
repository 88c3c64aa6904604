"""What holds of every conversation of every form, whatever it was made of."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Answer, Box, Boxes, Choice, Findings, Labels, Masks, Text
from diascope.curation.conversations import all_forms, form
from diascope.curation.conversations._regions import spelt
from diascope.errors import InputError
from diascope.expectations import BoxSpace, FindingList, LabelSet, MaskSpace, Options
from diascope.geometry import Size
from diascope.imaging.augment_words import gives_coordinates
from diascope.recordfile import RecordFile, read_lines
from diascope.records import Record, Turn
from diascope.tasks.checks import problems

from .conftest import FIXTURES, opened, told


def source_records(path: Path) -> dict[str, Record]:
    return {record.id: record for record in RecordFile(path)}


def names_of(turn: Turn) -> set[str]:
    match turn.expects:
        case BoxSpace(labels=names) | MaskSpace(labels=names) | LabelSet(labels=names):
            return set(names)
        case FindingList(names=names) | Options(options=names):
            return set(names)
    return set()


def rects(answer: Answer | None) -> set[tuple[float, ...]]:
    match answer:
        case Boxes(boxes=boxes) | Text(evidence=Boxes(boxes=boxes)):
            return {box.corners for box in boxes}
        case Masks(masks=masks):
            return {mask.bounds for mask in masks}
    return set()


def of_all_forms(path: Path, seed: int = 0) -> list[Record]:
    return [record for name in all_forms() for record in told(path, name, seed).records]


def test_patient_split_licence_and_restriction_are_kept(records_file: Path) -> None:
    known = source_records(records_file)
    for made in of_all_forms(records_file):
        origin = known[made.metadata["record"]]
        for field in ("patient", "study", "split", "licence", "restricted"):
            assert getattr(made, field) == getattr(origin, field)
        assert made.dataset == f"{origin.dataset}/{made.metadata['form']}"


def test_every_turn_can_be_used(records_file: Path) -> None:
    made = of_all_forms(records_file)
    assert made
    assert len({record.id for record in made}) == len(made)
    for record in made:
        for turn in record.turns:
            assert problems(turn, record.images[turn.image].size) == []
            assert turn.answer is not None


def test_nothing_is_made_up(records_file: Path) -> None:
    """Labels, boxes and images of a conversation are of records of its patient."""
    of_patient: dict[str, list[Record]] = {}
    for record in source_records(records_file).values():
        of_patient.setdefault(record.patient, []).append(record)
    for made in of_all_forms(records_file):
        kin = of_patient[made.patient]
        given = [turn for record in kin for turn in record.turns]
        shown = {image.path for record in kin for image in record.images}
        assert {image.path for image in made.images} <= shown
        names = {name.lower() for turn in given for name in names_of(turn)}
        places = set().union(*(rects(turn.answer) for turn in given))
        for turn in made.turns:
            invented = {name.lower() for name in names_of(turn)} - names
            assert invented <= {"abnormality", "yes", "no"}
            assert rects(turn.answer) <= places


def test_what_is_not_known_is_never_said_to_be_absent(records_file: Path) -> None:
    for name in ("findings", "findings_then_report", "multi_view_report", "follow_up_report"):
        known = source_records(records_file)
        for made in told(records_file, name).records:
            study = [each for each in known.values() if each.study == made.study]
            absent = {
                label.lower() for record in study for turn in record.turns for label in denied(turn)
            }
            for turn in made.turns:
                if isinstance(turn.answer, Labels):
                    assert set(turn.answer.absent) <= absent


def denied(turn: Turn) -> set[str]:
    match turn.expects, turn.answer:
        case LabelSet(), Labels(absent=names):
            return set(names)
        case FindingList(names=names), Findings(findings=found):
            return set(names) - {each.name for each in found if each.status != "absent"}
    return set()


def test_only_the_order_of_shuffled_turns_depends_on_the_seed(records_file: Path) -> None:
    one, again = (of_all_forms(records_file, seed=3) for _ in range(2))
    other = of_all_forms(records_file, seed=4)
    assert one == again
    for first, second in zip(one, other, strict=True):
        assert sorted(first.turns, key=str) == sorted(second.turns, key=str)
        if not form(first.metadata["form"]).shuffled or first.split != "train":
            assert first == second


def test_prior_studies_are_the_earlier_ones_of_the_same_patient(
    make: Callable[..., object],
) -> None:
    truth = json.loads((FIXTURES / "mimic_cxr" / "truth.json").read_text())
    earlier = {each["study"]: each["prior"] for each in truth["priors"]}
    patients = {each["study"]: each["patient"] for each in truth["images"]}
    made = make("mimic_cxr", "follow_up_report").records  # type: ignore[attr-defined]
    assert made
    for record in made:
        priors = {image.study for image in record.images if image.role == "prior"}
        assert priors == {earlier[record.study]}
        assert {patients[study] for study in priors} == {record.patient}


def test_phantom_priors_are_in_the_order_of_time(phantom: Path) -> None:
    made = told(phantom, "follow_up_report").records
    assert made
    for record in made:
        studies = [str(image.study) for image in record.images]
        assert studies == sorted(studies)
        patient, _, number = record.study.rpartition("-s")
        assert set(studies) == {record.study, f"{patient}-s{int(number) - 1}"}


def test_a_question_does_not_tell_its_answer_by_what_it_lists(records_file: Path) -> None:
    """Listed names are in an order of the set, whatever is true of them."""
    for name in ("findings", "multi_finding_grounding"):
        orders: dict[str, list[list[str]]] = {}
        for made in told(records_file, name).records:
            for turn in made.turns:
                if isinstance(turn.expects, LabelSet | BoxSpace):
                    orders.setdefault(made.dataset, []).append(list(turn.expects.labels))
        for lists in orders.values():
            for one, other in itertools.combinations(lists, 2):
                both = set(one) & set(other)
                assert [n for n in one if n in both] == [n for n in other if n in both]


SIDES = st.floats(0, 1, allow_nan=False)


@given(SIDES, SIDES, SIDES, SIDES, st.integers(1, 5000), st.integers(1, 5000))
def test_a_spelt_box_holds_the_box_and_has_an_area(
    a: float, b: float, c: float, d: float, width: int, height: int
) -> None:
    x0, x1 = sorted((a * width, c * width))
    y0, y1 = sorted((b * height, d * height))
    if x0 == x1 or y0 == y1:
        return
    words = spelt([Box(label="-", x0=x0, y0=y0, x1=x1, y1=y1)], Size(width, height))
    found = re.fullmatch(r"\[(\d+),(\d+),(\d+),(\d+)\]", words)
    assert found is not None
    left, top, right, bottom = map(int, found.groups())
    assert 0 <= left < right <= 100
    assert 0 <= top < bottom <= 100
    assert left / 100 * width <= x0 * (1 + 1e-9)
    assert x1 * (1 - 1e-9) <= right / 100 * width
    assert top / 100 * height <= y0 * (1 + 1e-9)
    assert y1 * (1 - 1e-9) <= bottom / 100 * height
    # augmentation leaves pictures alone whose words hold coordinates
    assert gives_coordinates(f"Provide a finding name for this region. {words}")


def test_a_form_is_found_by_its_name() -> None:
    assert len(all_forms()) == 21
    with pytest.raises(InputError, match="unknown form 'findigs', did you mean 'findings'"):
        form("findigs")


def test_records_of_a_study_are_opened_once(records_file: Path) -> None:
    lines = [line.record for line in read_lines(records_file)]
    studies = opened(records_file)
    left_out = {each.record for one in studies for each in one.left_out}
    read = [record.id for one in studies if one.study for record in one.study.records]
    assert sorted([*read, *left_out]) == sorted(record.id for record in lines if record)
    for one in studies:
        if one.study:
            assert len({(each.patient, each.split) for each in one.study.records}) == 1


def test_choices_are_kept(make: Callable[..., object]) -> None:
    made = make("mimic_cxr_vqa", "vqa").records  # type: ignore[attr-defined]
    closed = [turn for record in made for turn in record.turns if isinstance(turn.answer, Choice)]
    assert {turn.answer.option for turn in closed} == {"yes", "no"}
