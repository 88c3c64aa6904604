"""What another table of a set says of each name: its split, its labels, its report.

A name of which two rows say different things is doubted, and a row about a name that the set does
not have would be lost: neither is passed over.
"""

from collections.abc import Container, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from diascope.sources.folder import Unreadable
from diascope.sources.source import Problem

T = TypeVar("T")


class Told(NamedTuple, Generic[T]):
    """What a row says, and where it stands."""

    file: str
    row: int
    value: T


class Lookup(Generic[T]):
    """What is told, by name; rows that say the same again are one."""

    def __init__(self, rows: Iterable[tuple[str, Told[T]]]) -> None:
        self._told: dict[str, Told[T]] = {}
        self._doubted: dict[str, Told[T]] = {}
        for name, told in rows:
            if self._told.setdefault(name, told).value != told.value:
                self._doubted[name] = told

    def get(self, name: str) -> T | None:
        """What is said of a name, None for nothing; Unreadable where two rows differ about it."""
        if name in self._doubted:
            one, other = self._told[name], self._doubted[name]
            places = f"row {one.row} of {one.file} and row {other.row} of {other.file}"
            raise Unreadable(f"{places} say different things of it")
        return self._told[name].value if name in self._told else None

    def strays(self, known: Container[str], reason: str) -> Iterator[Problem]:
        """A problem for each name that is told of and not known."""
        for name, told in self._told.items():
            if name not in known:
                yield Problem(file=told.file, row=told.row, reason=reason)
