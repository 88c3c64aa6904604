"""Arms of several seeds: points by hand, intervals that hold for patients and for seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Choice, Number
from diascope.errors import InputError
from diascope.expectations import Options, Range
from diascope.predictions import Parsed, Prediction
from diascope.records import Case, Image, Record, Turn
from diascope.scoring.answered import Answered
from diascope.scoring.seeds import PatientSums, patient_sums, seeds_difference, seeds_score


def counted(patient: int, number: int, truth: float, said: float | None) -> Answered:
    turn = Turn(
        task="counting",
        question="How many?",
        expects=Range(low=0, high=1000, decimals=0),
        answer=Number(value=truth),
    )
    record = Record(
        id=f"p{patient}-{number}",
        dataset=f"set{number % 2}",
        patient=f"p{patient}",
        study="s",
        split="test",
        images=(Image(path="a.png", width=8, height=8),),
        turns=(turn,),
    )
    reply = None
    if said is not None:
        outcome = Parsed(answer=Number(value=said))
        told = {"record": record.id, "turn": 0, "task": "counting", "text": str(said)}
        reply = Prediction.model_validate(told | {"outcome": outcome, "seed": 0})
    return Answered(Case(record, 0), reply)


def arm(errors: list[list[float]]) -> list[PatientSums]:
    """A run a row: how far off the count of each patient is."""
    return [
        patient_sums([counted(p, 0, 500.0, 500.0 + e) for p, e in enumerate(run)])[0]
        for run in errors
    ]


def test_the_point_is_the_mean_over_seeds() -> None:
    score = seeds_score(arm([[1, 3], [5, 7]]), 200, 0)
    assert score.value == pytest.approx(4.0)


def test_a_difference_is_positive_where_the_first_is_better() -> None:
    better, worse = arm([[1, 1, 2], [1, 2, 1]]), arm([[5, 5, 6], [5, 6, 5]])
    difference = seeds_difference(better, worse, 500, 0)
    assert difference.value == pytest.approx(4.0)
    # every patient and every seed says the same
    assert difference.low == pytest.approx(4.0)
    assert difference.high == pytest.approx(4.0)


def test_the_interval_grows_with_what_seeds_differ_by() -> None:
    patients = [float(value) for value in range(20)]
    alike = arm([patients] * 3)
    apart = arm([[value + off for value in patients] for off in (0.0, 20.0, 40.0)])
    zero = arm([[0.0] * 20] * 3)
    one, two = (seeds_difference(zero, each, 2000, 0) for each in (alike, apart))
    assert two.high - two.low > 2 * (one.high - one.low)


def test_a_shift_that_all_patients_share_is_paired_away() -> None:
    rng = np.random.default_rng(0)
    base = (100 * rng.random(30)).tolist()
    first, second = arm([base]), arm([[value + 2 for value in base]])
    assert seeds_score(first, 500, 0).high - seeds_score(first, 500, 0).low > 5
    difference = seeds_difference(first, second, 500, 0)
    assert difference.low == pytest.approx(difference.high, abs=1e-3)


@given(st.lists(st.lists(st.integers(0, 400), min_size=4, max_size=4), min_size=1, max_size=4))
def test_an_arm_differs_from_itself_by_nothing(errors: list[list[int]]) -> None:
    made = arm([[float(e) for e in run] for run in errors])
    difference = seeds_difference(made, made, 50, 1)
    assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)


def test_other_patients_are_refused() -> None:
    other = [patient_sums([counted(9, 0, 5.0, 5.0), counted(8, 0, 5.0, 5.0)])[0]]
    with pytest.raises(InputError, match="not the same patients"):
        seeds_difference(arm([[1, 2]]), other, 10, 0)


def test_sums_by_data_set_tell_no_patient_and_count_what_is_invalid() -> None:
    answered = [counted(p, n, 5.0, None if n == 3 else 6.0) for p in range(3) for n in range(4)]
    sums = patient_sums(answered, by_dataset=True)
    assert [(each.name, each.n, each.invalid) for each in sums] == [
        ("counting: set0", 6, 0),
        ("counting: set1", 6, 3),
    ]
    assert all(len(each.rows) == 3 for each in sums)
    assert "p0" not in sums[0].model_dump_json()
    assert PatientSums.model_validate_json(sums[0].model_dump_json()) == sums[0]


def test_one_patient_has_no_interval() -> None:
    score = seeds_score(arm([[1.0]]), 10, 0)
    assert (score.value, score.low, score.high) == (1.0, None, None)


def test_a_choice_is_scored_by_its_own_metric() -> None:
    def chosen(patient: int, truth: str, said: str) -> Answered:
        each = counted(patient, 0, 1.0, 1.0)
        turn = Turn(
            task="classification",
            question="Which?",
            expects=Options(options=("a", "b")),
            answer=Choice(option=truth),
        )
        record = each.case.record.model_copy(update={"turns": (turn,)})
        told = each.prediction
        assert told is not None
        outcome = Parsed(answer=Choice(option=said))
        reply = told.model_copy(update={"task": "classification", "outcome": outcome})
        return Answered(Case(record, 0), reply)

    run = patient_sums([chosen(0, "a", "a"), chosen(1, "a", "b"), chosen(2, "b", "b")])
    assert seeds_score(run, 10, 0).value == pytest.approx(0.75)
