"""Sex and age out of the first line of a reading, as people typed it."""

import re
from collections.abc import Iterator

from diascope.expectations import Range
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources.folder import Unreadable

_SPELLING = re.compile(r"(fe)?male?\W*(?:(\d+)\s*([a-z]*))?\W*", re.IGNORECASE)
"""Files have `femal 32yrs`, `female24yrs` and `male , 29yrs`."""
_UNITS = {"y": "years", "m": "months", "d": "days"}
_YOUNG = {
    "months": Range(low=0, high=36, unit="months"),
    "days": Range(low=0, high=366, unit="days"),
}


def person(line: str) -> Iterator[Turn]:
    """Sex and age in years; an infant's age in its own unit too. No unit: no age is known.

    Unreadable where the line begins with neither sex, or has a unit that is none of time.
    """
    told = _SPELLING.fullmatch(line)
    if told is None:
        raise Unreadable("the first line of its reading is no sex and age")
    sex, age, unit = ("female" if told[1] else "male"), told[2], (told[3] or "")[:1].lower()
    if not unit:
        yield from turns.person(sex, None)
        return
    if unit not in _UNITS:
        raise Unreadable("the age in its reading is in none of years, months and days")
    yield from turns.person(sex, years(f"{age}{unit}"))
    yield from _young(int(age), _UNITS[unit])


def _young(age: int, unit: str) -> Iterator[Turn]:
    span = _YOUNG.get(unit)
    if span is not None and age <= span.high:
        yield turns.how_much(f"How old is the patient, in {unit}?", age, span)
