"""Splits: given ones come first, patients stay where they are, leaks go out of the lesser split."""

import pytest

from diascope.curation.split import Leaks, Splitter, checked, most_protected
from diascope.errors import InputError
from diascope.expectations import Free
from diascope.records import Image, Record, Turn


def record(patient: str, split: str, *images: str) -> Record:
    return Record(
        id=f"{patient}-{split}",
        dataset="d",
        patient=patient,
        study="s",
        split=split,
        images=tuple(Image(path="a.png", width=1, height=1, sha256=each) for each in images),
        turns=(Turn(task="report", question="?", expects=Free()),),
    )


def test_own_splits_come_first_then_those_of_the_patients_others() -> None:
    splitter = Splitter()
    records = [record("p1", "train", "a"), record("p1", "test", "b"), record("p1", "", "c")]
    records.append(record("p2", "", "d"))
    for each in records:
        splitter.add(each)
    split_of = splitter.deal({"val": 1.0}, seed=0)
    assert [split_of(each) for each in records] == ["train", "test", "test", "val"]


def test_patients_of_an_earlier_preparation_stay_where_they_were() -> None:
    splitter = Splitter({"p1": "test"})
    for patient in ("p1", "p2"):
        splitter.add(record(patient, "", "a"))
    split_of = splitter.deal({"train": 1.0}, seed=0)
    assert split_of(record("p1", "", "a")) == "test"
    assert split_of(record("p2", "", "a")) == "train"


@pytest.mark.parametrize(
    "shares",
    [{"train": 0.8}, {"train": 1.2, "val": -0.2}, {}, {"": 1.0}, {"train": float("nan")}],
)
def test_shares_that_are_none(shares: dict[str, float]) -> None:
    with pytest.raises(InputError, match="add up to 1"):
        checked(shares)


def test_the_most_protected_split() -> None:
    assert most_protected("val", "train") == most_protected("train", "val") == "val"
    assert most_protected("test", "val") == "test"
    assert most_protected("hidden", "train") == "hidden"
    assert most_protected("Training", "dev") == "dev"
    assert most_protected("validation", "test") == "test"


def test_a_patient_stays_in_the_split_that_must_not_leak() -> None:
    leaks = Leaks()
    both = [record("p", "val", "1"), record("p", "train", "2"), record("q", "train", "3")]
    for each in both:
        leaks.add(each)
    assert [leaks.reason(each) for each in both] == [
        None,
        "its patient is also in the split 'val', so not kept in 'train'",
        None,
    ]


@pytest.mark.parametrize(
    ("loses", "keeps"),
    [
        ("hidden", "test"),
        ("training", "validation"),
        ("dev", "test"),
        ("Train", "test"),
        ("Train", "train"),
        ("val", "validation"),
    ],
)
def test_no_two_splits_share_a_patient(loses: str, keeps: str) -> None:
    for order in ((loses, keeps), (keeps, loses)):
        leaks = Leaks()
        for split in order:
            leaks.add(record("p", split, split))
        assert leaks.reason(record("p", keeps, keeps)) is None
        said = leaks.reason(record("p", loses, loses))
        assert said == f"its patient is also in the split {keeps!r}, so not kept in {loses!r}"


def test_an_image_under_two_names_is_a_leak_too() -> None:
    leaks = Leaks()
    both = [record("p", "train", "same", "1"), record("q", "test", "2", "same")]
    for each in both:
        leaks.add(each)
    assert leaks.reason(both[0]) == (
        "one of its images is also in the split 'test', so not kept in 'train'"
    )
    assert leaks.reason(both[1]) is None
