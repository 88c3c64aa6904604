"""Patients are dealt so that every split holds its share of all strata, and stay there."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diascope.answers import Box, Boxes, Labels
from diascope.curation.stratify import dealt, strata
from diascope.expectations import BoxSpace, LabelSet
from diascope.records import Image, Record, Turn

FRACTIONS = {"train": 0.8, "val": 0.1, "test": 0.1}
PATIENTS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=6), st.frozensets(st.sampled_from("uvwxyz")), max_size=60
)


def shares(patients, chosen, stratum) -> dict[str, float]:
    has = [name for name, of in patients.items() if stratum in of]
    counts = Counter(chosen[name] for name in has)
    return {split: counts[split] / len(has) for split in FRACTIONS}


def test_every_stratum_is_spread_in_the_shares_asked_for() -> None:
    rng = np.random.default_rng(0)
    rates = {"common": 0.5, "some": 0.1, "rare": 0.03}
    patients = {
        f"p{number}": {name for name, rate in rates.items() if rng.random() < rate}
        for number in range(1000)
    }
    chosen = dealt(patients, FRACTIONS, 0, {})
    for stratum in rates:
        for split, share in shares(patients, chosen, stratum).items():
            assert share == pytest.approx(FRACTIONS[split], abs=0.02)
    counts = Counter(chosen.values())
    assert {split: counts[split] / 1000 for split in FRACTIONS} == pytest.approx(
        FRACTIONS, abs=0.01
    )


def test_ten_patients_of_a_rare_label_reach_every_split() -> None:
    patients = {
        f"p{number}": {"task"} | ({"rare"} if number < 10 else set()) for number in range(500)
    }
    counts = Counter(dealt(patients, FRACTIONS, 3, {})[f"p{number}"] for number in range(10))
    assert counts == {"train": 8, "val": 1, "test": 1}


@settings(max_examples=50)
@given(PATIENTS, PATIENTS, st.integers(0, 5))
def test_nobody_moves_when_data_is_added(first, more, seed) -> None:
    before = dealt(first, FRACTIONS, seed, {})
    after = dealt(more | first, FRACTIONS, seed, before)
    assert {name: after[name] for name in first} == before
    assert after.keys() == (more | first).keys()
    assert set(after.values()) <= FRACTIONS.keys()


@given(PATIENTS, st.integers(0, 5))
def test_a_second_run_deals_alike_whatever_the_order(patients, seed) -> None:
    backwards = dict(reversed(patients.items()))
    assert dealt(patients, FRACTIONS, seed, {}) == dealt(backwards, FRACTIONS, seed, {})


def test_another_seed_deals_otherwise() -> None:
    patients = {f"p{number}": {"task"} for number in range(100)}
    assert dealt(patients, FRACTIONS, 0, {}) != dealt(patients, FRACTIONS, 1, {})


def test_a_split_of_no_share_gets_nobody() -> None:
    patients = {f"p{number}": {"task"} for number in range(20)}
    assert set(dealt(patients, {"train": 1.0, "val": 0.0}, 0, {}).values()) == {"train"}


def test_strata_are_tasks_and_the_labels_that_are_there() -> None:
    box = Box(label="RBC", x0=0, y0=0, x1=1, y1=1)
    turns = (
        Turn(
            task="multilabel",
            question="?",
            expects=LabelSet(labels=("a", "b")),
            answer=Labels(present=("a",), absent=("b",)),
        ),
        Turn(
            task="detection",
            question="?",
            expects=BoxSpace(labels=("RBC", "WBC")),
            answer=Boxes(boxes=(box, box)),
        ),
        Turn(task="vqa", question="?", expects=LabelSet(labels=("a",))),
    )
    record = Record(
        id="1",
        dataset="set",
        patient="p",
        study="s",
        split="",
        images=(Image(path="a.png", width=2, height=2),),
        turns=turns,
    )
    assert strata(record) == {
        "set/multilabel",
        "set/multilabel/a",
        "set/detection",
        "set/detection/RBC",
        "set/vqa",
    }
