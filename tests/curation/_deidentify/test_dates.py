"""Intervals stay, nothing else of a date does, and what is no date does not come through."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation._deidentify.dates import Shift, binned_age
from diascope.curation._deidentify.pseudonyms import Key

DAYS = st.dates(min_value=datetime(1912, 1, 1).date(), max_value=datetime(2100, 1, 1).date())  # noqa: DTZ001
TIMES = st.times()
SHIFTS = st.builds(Shift, st.integers(31, 3683), st.integers(0, 86_399))


def parsed(date: str, time: str) -> datetime:
    return datetime.strptime(date + time, "%Y%m%d%H%M%S.%f")  # noqa: DTZ007


@given(DAYS, DAYS, SHIFTS)
def test_days_between_dates_stay(first, second, shift) -> None:
    one, two = (shift.date(f"{day:%Y%m%d}") for day in (first, second))
    between = parsed(two, "000000.0") - parsed(one, "000000.0")
    assert between == timedelta(days=(second - first).days)
    assert one != f"{first:%Y%m%d}"


@given(DAYS, TIMES, DAYS, TIMES, SHIFTS)
def test_a_date_and_its_time_move_together(day, time, later_day, later_time, shift) -> None:
    moments = []
    for date, clock in ((day, time), (later_day, later_time)):
        text = f"{clock:%H%M%S.%f}"
        moved = parsed(shift.date(f"{date:%Y%m%d}", text), shift.time(text))
        original = datetime.combine(date, clock)
        assert original - moved == timedelta(shift.days, shift.seconds)
        assert shift.moment(f"{date:%Y%m%d}{text}+0130") == f"{moved:%Y%m%d%H%M%S.%f}"
        moments.append(moved)
    assert moments[1] - moments[0] == datetime.combine(later_day, later_time) - datetime.combine(
        day, time
    )


@pytest.mark.parametrize(
    "text", ["", "Jane", "2019", "201906", "20191301", "20190230", "20190614 Jane", "0001-01-01"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    shift = Shift(31)
    assert shift.date(text) is None
    assert shift.moment(text) is None


@pytest.mark.parametrize("text", ["", "Jane", "2561", "126000", "10150", "101500.Jane"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert Shift(31).time(text) is None
    assert Shift(31, 5).time(text) is None


def test_precision_stays() -> None:
    shift = Shift(31, 3600)
    assert [shift.time(text) for text in ("10", "1015", "101500", "101500.25", "10:15:00")] == [
        "09", "0915", "091500", "091500.25", "091500",
    ]  # fmt: skip
    assert Shift(31).time("235960") == "235960"
    assert shift.date("2019.06.14") == "20190514"
    assert shift.moment("20190614") == "20190514"
    assert shift.moment("201906141015") == "201905140915"
    assert Shift(31).date("00010101") is None


@pytest.mark.parametrize(
    ("age", "told"),
    [("089Y", "089Y"), ("090Y", "090Y"), ("091Y", "090Y"), ("117Y", "090Y"), ("011M", "011M"),
     ("999D", "999D"), ("Jane", None), ("91Y", None), ("", None)],
)  # fmt: skip
def test_ages_of_ninety_and_more_are_one(age: str, told: str | None) -> None:
    assert binned_age(age) == told


@given(st.text(min_size=1, max_size=20), st.binary(min_size=32, max_size=32))
def test_the_shift_of_a_patient_is_a_function_of_key_and_patient(patient, secret) -> None:
    shift = Key(secret).shift(patient, with_times=True)
    assert shift == Key(secret).shift(f" {patient} ", with_times=True)
    assert 31 <= shift.days < 3684
    assert 0 <= shift.seconds < 86_400
    assert Key(secret).shift(patient, with_times=False) == Shift(shift.days)
