"""What is done to an attribute: the table of PS3.15 E.1-1, and the list of what an image needs."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files

from diascope.curation._deidentify.options import Options


class Action(StrEnum):
    """PS3.15 Table E.1-1a; where it offers several, the last, which every module accepts."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    KEEP = "K"
    CLEAN = "C"
    CHECK = "checked"
    """Ours: kept if every value is of a kind that cannot name anybody."""


@dataclass(frozen=True)
class Profile:
    """The actions under some options."""

    options: Options

    def action(self, tag: int) -> Action:
        """What happens to a public attribute; to remove it is the answer to the unknown."""
        row = table().get(tag)
        if row is not None:
            return self._optional(row) or row.basic
        return Action.CHECK if tag in kept() else Action.REMOVE

    def basic(self, tag: int) -> Action:
        """What happens where an option's cleaning leaves nothing."""
        row = table().get(tag)
        return Action.REMOVE if row is None else row.basic

    def _optional(self, row: "Row") -> Action | None:
        found = {row.options[name] for name in self._columns if name in row.options}
        return next((action for action in (Action.KEEP, Action.CLEAN) if action in found), None)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        return self.options.columns()


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    basic: Action
    options: dict[str, Action]


@cache
def table() -> dict[int, Row]:
    """The lines of the table by tag.

    Those of the repeating groups 50xx and 60xx say X; that is what happens to all in no list.
    """
    lines = [line.split("\t") for line in _lines("table.tsv")]
    names = lines[0][3:]
    return {
        int(line[0], 16): Row(
            Action(line[2].rstrip("*").split("/")[-1]),
            {name: Action(code) for name, code in zip(names, line[3:], strict=True) if code != "-"},
        )
        for line in lines[1:]
        if "x" not in line[0]
    }


@cache
def kept() -> frozenset[int]:
    """Tags of the attributes that describe an image and are not in the table."""
    from pydicom.datadict import tag_for_keyword

    tags = [tag_for_keyword(word) for line in _lines("keep.txt") for word in line.split()]
    return frozenset(tag for tag in tags if tag is not None)


@cache
def terms() -> frozenset[str]:
    """The words that text may keep, in capitals."""
    return frozenset(word for line in _lines("terms.txt") for word in line.split())


def edition() -> str:
    """Which edition of the standard the table is."""
    text = (files(__package__) / "table.tsv").read_text("utf-8")
    mark = "# Edition: "
    return next(line[len(mark) :] for line in text.splitlines() if line.startswith(mark))


def _lines(name: str) -> list[str]:
    text = (files(__package__) / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
