"""Patients of sets that were made of one another, and those of them who stand in two splits.

A set that annotates the images of another has splits of its own, and spells patients its own way:
MIMIC-CXR's 10999901 is RaDialog's p10999901. Sources say whose patients theirs are (`derived_from`)
and what of an identifier counts (`patient_spelling`); sets of one family are compared by that,
whether or not they have a picture in common. Sets of no family are not compared: their identifiers
are numbers that mean another person in another set.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import NamedTuple

from diascope.curation.split import is_training
from diascope.records import Record
from diascope.sources import Source, all_sources
from diascope.values import Value


class Person(NamedTuple):
    """A patient, the same in every set of a family."""

    family: str
    """Name of the set that the others were made of."""
    number: str


class PatientLeak(Value):
    """Two records of one patient in two splits; the patient is not named."""

    first: str
    second: str
    """Ids of the first record in either place, the training one first where there is one."""
    splits: tuple[str, str]
    datasets: tuple[str, str]
    family: str


class _Place(NamedTuple):
    dataset: str
    split: str


class Patients:
    """Is shown every record, and then knows who stands in two splits of a family."""

    def __init__(self) -> None:
        self._records: dict[Person, dict[_Place, str]] = {}

    def add(self, record: Record) -> None:
        """Remember where the record's patient is, if the set has kin."""
        who = person(record.dataset, record.patient)
        if who is not None:
            places = self._records.setdefault(who, {})
            places.setdefault(_Place(record.dataset, record.split), record.id)

    def leaks(self) -> Iterator[PatientLeak]:
        """Every two places of a patient that must not be."""
        for who, records in self._records.items():
            places = sorted(records, key=lambda place: not is_training(place.split))
            for first, second in combinations(places, 2):
                if _are_apart(first.split, second.split):
                    yield PatientLeak(
                        first=records[first],
                        second=records[second],
                        splits=(first.split, second.split),
                        datasets=(first.dataset, second.dataset),
                        family=who.family,
                    )


def person(dataset: str, patient: str) -> Person | None:
    """Who it is in the set's family; None where it has none, or the identifier is no patient's."""
    line = _lineage(dataset)
    if not line:
        return None
    spelling = next((each.patient_spelling for each in line if each.patient_spelling), "(.+)")
    found = re.fullmatch(spelling, patient)
    return Person(line[-1].name, found[1].lstrip("0")) if found else None


@cache
def _lineage(dataset: str) -> tuple[Source, ...]:
    """The set and those it was made of, the eldest last; nothing for a set without kin."""
    known, name = all_sources(), dataset.partition("/")[0]  # SET/FORM is a conversation about SET
    line = []
    each = known.get(name)
    while each is not None:
        line.append(each)
        each = known.get(each.derived_from or "")
    is_parent = any(other.derived_from == name for other in known.values())
    return tuple(line) if is_parent or len(line) > 1 else ()


def _are_apart(first: str, second: str) -> bool:
    return first != second and not (is_training(first) and is_training(second))
