"""Splits: a pure function of the patient, at the asked shares; leaks go out of the lesser split."""

from collections import Counter

import pytest

from diascope.curation.split import FRACTIONS, Leaks, checked, most_protected, split_of
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


def test_shares_are_those_asked_for() -> None:
    counts = Counter(split_of(f"p{n}", FRACTIONS, seed=3) for n in range(20_000))
    assert counts["train"] / 20_000 == pytest.approx(0.8, abs=0.01)
    assert counts["val"] / 20_000 == pytest.approx(0.1, abs=0.01)


def test_a_split_depends_on_patient_and_seed_alone() -> None:
    first = [split_of(f"p{n}", FRACTIONS, seed=0) for n in range(300)]
    assert [split_of(f"p{n}", FRACTIONS, seed=0) for n in range(300)] == first
    assert [split_of(f"p{n}", FRACTIONS, seed=1) for n in range(300)] != first
    # known values: a change of the function would move patients of data prepared before
    shares = {"train": 0.5, "val": 0.25, "test": 0.25}
    assert " ".join(split_of(f"p{n}", shares, seed=0) for n in range(10)) == (
        "val val train val val val test test train train"
    )


def test_a_share_of_nothing_gets_nobody() -> None:
    assert {split_of(f"p{n}", {"train": 1.0, "val": 0.0}, 0) for n in range(500)} == {"train"}
    assert {split_of(f"p{n}", {"val": 0.0, "test": 1.0}, 0) for n in range(500)} == {"test"}


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
