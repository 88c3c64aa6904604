"""Ages as DICOM and public sets spell them."""

import pytest

from diascope.sources._age import years
from diascope.sources.folder import Unreadable


@pytest.mark.parametrize(
    ("text", "age"),
    [("058Y", 58), ("58", 58), (" 033y ", 33), ("018M", 1.5), ("365D", 365 / 365.25), ("0", 0)],
)
def test_every_unit_becomes_years(text, age):
    assert years(text) == pytest.approx(age)


def test_weeks_are_sevenths_of_days():
    assert years("012W") == pytest.approx(years("084D"))


@pytest.mark.parametrize("text", ["", "Y", "58X", "-3", "1e9", "nan", "19580203Z"])
def test_anything_else_is_refused(text):
    with pytest.raises(Unreadable):
        years(text)


def test_a_birth_date_in_its_place_is_not_repeated():
    with pytest.raises(Unreadable) as told:
        years("1958-02-03")
    assert "1958" not in str(told.value)
