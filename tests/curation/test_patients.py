"""Patients: one person under every spelling of a family, and no one else's namesake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Choice
from diascope.curation.patients import Patients, person
from diascope.expectations import Options
from diascope.records import Image, Record, Turn
from diascope.sources import all_sources

ASKED = Turn(
    task="classification",
    question="?",
    expects=Options(options=("yes", "no")),
    answer=Choice(option="no"),
)
FAMILIES = {
    "mimic_cxr": ("ms_cxr", "chest_imagenome", "radialog", "mimic_cxr_vqa", "mimic_diff_vqa"),
    "chexpert": ("chexlocalize", "chexpert_plus"),
    "nih_cxr14": ("nih_cxr14_sample", "chestx_det"),
    "openi": ("openi_kaggle",),
    "vqa_rad": ("vqa_rad_sample",),
}


def record(name: str, dataset: str, patient: str, split: str) -> Record:
    return Record(
        id=name,
        dataset=dataset,
        patient=patient,
        study="s",
        split=split,
        images=(Image(path=f"{name}.png", width=4, height=4),),
        turns=(ASKED,),
    )


def found(*places: tuple[str, str, str]) -> list[tuple[str, str, tuple[str, str]]]:
    """The leaks among records r0, r1, ... of these data sets, patients and splits."""
    patients = Patients()
    for number, place in enumerate(places):
        patients.add(record(f"r{number}", *place))
    return [(leak.first, leak.second, leak.splits) for leak in patients.leaks()]


def test_conversations_about_a_set_are_about_its_patients() -> None:
    assert person("radialog/dialogue", "p10999951") == person("mimic_cxr", "10999951")
    assert person("nowhere/dialogue", "1") is None


def test_families_are_as_the_sets_say() -> None:
    known = all_sources().values()
    children = {
        name: tuple(sorted(each.name for each in known if each.derived_from == name))
        for name in {each.derived_from for each in known if each.derived_from}
    }
    assert children == {name: tuple(sorted(sets)) for name, sets in FAMILIES.items()}
    assert children.keys() <= all_sources().keys()


@pytest.mark.parametrize(
    ("parent", "own", "derived", "other"),
    [
        ("mimic_cxr", "10999951", "radialog", "p10999951"),
        ("mimic_cxr", "10999951", "ms_cxr", "10999951"),
        ("mimic_cxr", "10999951", "mimic_diff_vqa", "10999951"),
        ("chexpert", "patient00042", "chexlocalize", "patient00042"),
        ("chexpert", "patient00042", "chexpert_plus", "patient42"),
        ("nih_cxr14", "42", "chestx_det", "00000042"),
        ("nih_cxr14", "42", "nih_cxr14_sample", "42"),
        ("openi", "CXR12", "openi_kaggle", "12"),
        ("vqa_rad", "synpic100", "vqa_rad_sample", "synpic100"),
    ],
)
def test_a_person_is_the_same_in_the_whole_family(
    parent: str, own: str, derived: str, other: str
) -> None:
    assert person(parent, own) == person(derived, other) is not None
    assert person(parent, own) != person(parent, own[:-1] + str(9 - int(own[-1])))


@pytest.mark.parametrize(
    ("dataset", "patient"),
    [
        ("chestx_det", "36204"),  # an image's number, which is another person's in NIH's set
        ("csv_labels", "1"),
        ("phantom", "p1"),
        ("brax", "id_1"),
        ("no such set", "1"),
        ("mimic_cxr", "nobody"),
    ],
)
def test_who_is_not_told_is_nobody(dataset: str, patient: str) -> None:
    assert person(dataset, patient) is None


def test_a_test_patient_of_a_derived_set_may_not_be_learnt_from() -> None:
    here, there = ("mimic_cxr", "10999951", "train"), ("radialog", "p10999951", "test")
    assert found(here, there) == [("r0", "r1", ("train", "test"))]
    assert found(there, here) == [("r1", "r0", ("train", "test"))]


def test_neither_may_siblings_nor_other_splits() -> None:
    siblings = ("ms_cxr", "10999951", "val"), ("chest_imagenome", "10999951", "train")
    assert found(*siblings) == [("r1", "r0", ("train", "val"))]
    assert found(("ms_cxr", "10999951", "val"), ("mimic_cxr", "10999951", "test")) == [
        ("r0", "r1", ("val", "test"))
    ]
    assert found(("ms_cxr", "10999951", "val"), ("ms_cxr", "10999951", "test"))


def test_the_same_split_other_people_and_other_families_are_no_leak() -> None:
    assert found(("mimic_cxr", "10999951", "train"), ("radialog", "p10999951", "training")) == []
    assert found(("mimic_cxr", "10999951", "train"), ("radialog", "p10999952", "test")) == []
    assert found(("openi", "CXR42", "train"), ("nih_cxr14", "42", "test")) == []
    assert found(("csv_labels", "1", "train"), ("csv_labels", "1", "test")) == []


def test_a_leak_is_told_once_for_two_places_and_names_no_patient() -> None:
    here, there = ("mimic_cxr", "10999951", "train"), ("radialog", "p10999951", "test")
    assert len(found(here, here, there, there)) == 1
    patients = Patients()
    for number, place in enumerate((here, there)):
        patients.add(record(f"r{number}", *place))
    (leak,) = patients.leaks()
    assert (leak.datasets, leak.family) == (("mimic_cxr", "radialog"), "mimic_cxr")
    assert "10999951" not in leak.model_dump_json()


PLACES = st.tuples(
    st.sampled_from(["mimic_cxr", "ms_cxr", "radialog"]),
    st.sampled_from(["10000001", "p10000001", "10000002"]),
    st.sampled_from(["train", "val", "test"]),
)


@given(st.lists(PLACES, max_size=8))
def test_it_is_every_pair_of_places_in_two_splits(places: list[tuple[str, str, str]]) -> None:
    seen = {(patient[-1], dataset, split) for dataset, patient, split in places}
    pairs = {
        frozenset((one, other)) for one in seen for other in seen if one[0] == other[0] != one[1]
    }
    expected = {pair for pair in pairs if len({split for _, _, split in pair}) == 2}
    assert len(found(*places)) == len(expected)
