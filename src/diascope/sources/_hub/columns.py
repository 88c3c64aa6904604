"""What a column is asked for, and what bounds its answers: the same for every row of a set.

Class names come from what `datasets` wrote of the columns, else from all rows of the set, as it
does for class folders itself. How many boxes there may be comes from the training rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from diascope.answers import Box, Status
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._annotations import box_of
from diascope.sources._hub.parts import LABEL, Part
from diascope.sources._objects import LEARNT, limit, numbers
from diascope.sources._parquet import Cells
from diascope.sources.folder import Unreadable

PATIENT = ("patient_id", "patient", "subject_id", "subject")
STUDY = ("study_id", "study")
_CLASSES = (LABEL, "class", "diagnosis")
_FINDINGS = ("findings", "labels", "tags")
_REPORTS = ("text", "caption", "report", "findings", "impression")
_OBJECTS = "objects"
_NAMES = ("categories", "category", "labels", "label")
_UNNAMED = "object"
_MOST_CHARS = 4000


@dataclass(frozen=True)
class World:
    """What the columns of a set may say; `names` are of whole numbers, in their order."""

    names: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, tuple[str, ...]]
    findings: Mapping[str, tuple[str, ...]]
    objects: tuple[str, ...]
    most: int

    def turns(self, cells: Cells) -> Iterator[Turn]:
        """What is asked of a row; Unreadable where a cell is not what its column holds."""
        yield from self._classes(cells)
        yield from self._findings(cells)
        yield from self._objects(cells)
        yield from _words(cells)

    def _classes(self, cells: Cells) -> Iterator[Turn]:
        for column, options in self.classes.items():
            name = self.name(column, cells.get(column))
            if name is not None and len(options) > 1:
                yield turns.which(f"Which {column.replace('_', ' ')} is it?", options, name)

    def _findings(self, cells: Cells) -> Iterator[Turn]:
        for column, labels in self.findings.items():
            told = cells.get(column)
            if isinstance(told, list) and labels:
                there = {self.name(column, each) for each in told}
                status: dict[str, Status] = {
                    label: "present" if label in there else "absent" for label in labels
                }
                yield turns.findings(status)

    def _objects(self, cells: Cells) -> Iterator[Turn]:
        if cells.get(_OBJECTS) is not None:
            yield turns.find("object", self.objects, self.boxes(cells), self.most)

    def boxes(self, cells: Cells) -> list[Box]:
        """The row's objects, boxes being x, y, width and height as COCO has them."""
        told = cells[_OBJECTS]
        column = _naming(told) if isinstance(told, dict) else None
        if column is None or not isinstance(told["bbox"], list):
            raise Unreadable(f"{_OBJECTS} has no list of bbox, or none of {', '.join(_NAMES)}")
        named = [self.name(f"{_OBJECTS}.{column}", each) for each in told[column]]
        if len(named) != len(told["bbox"]):
            raise Unreadable(f"{_OBJECTS} has {len(told['bbox'])} bbox and {len(named)} {column}")
        pairs = zip(named, told["bbox"], strict=True)
        return [box_of(name or _UNNAMED, numbers(four, "a bbox", 4)) for name, four in pairs]

    def name(self, column: str, value: Any) -> str | None:
        """The class that a cell says; None where it says none, -1 being one way to say so."""
        names = self.names.get(column)
        if value in (None, "") or (names and value == -1):
            return None
        if names is None or isinstance(value, str):
            return str(value)
        if not isinstance(value, int) or not 0 <= value < len(names):
            raise Unreadable(f"the column {column!r} has a class out of 0 to {len(names) - 1}")
        return names[value]


def world_of(parts: Iterable[Part]) -> World:
    """From all parts of a set; a damaged one says nothing, and is reported when it is read."""
    seen = _Seen()
    for part in parts:
        try:
            seen.take(part)
        except Unreadable:
            continue
    return seen.world()


@dataclass
class _Seen:
    """What the columns of the rows seen so far said."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    said: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    classes: dict[str, None] = field(default_factory=dict)
    findings: dict[str, None] = field(default_factory=dict)
    most: int = 0

    def take(self, part: Part) -> None:
        self.names |= dict(_class_names(part.features))
        for column, told in part.features.items():
            if column in self.names:
                asked = self.classes if _is(told, "ClassLabel") else self.findings
                asked[column] = None
        for cells in part.told():
            self._classes(cells)
            self._findings(cells)
            self._objects(cells, part.split in LEARNT)

    def _classes(self, cells: Cells) -> None:
        for column in _CLASSES:
            if isinstance(cells.get(column), str | int):
                self.classes[column] = None
                self._say(column, [cells[column]])

    def _findings(self, cells: Cells) -> None:
        for column in _FINDINGS:
            if isinstance(cells.get(column), list):
                self.findings[column] = None
                self._say(column, cells[column])

    def _objects(self, cells: Cells, is_learnt: bool) -> None:
        told = cells.get(_OBJECTS)
        if isinstance(told, dict) and (column := _naming(told)) and isinstance(told[column], list):
            self._say(f"{_OBJECTS}.{column}", told[column])
            self.most = max(self.most, len(told[column]) if is_learnt else 0)

    def _say(self, column: str, values: Iterable[Any]) -> None:
        if column not in self.names:
            self.said[column].update(str(value) for value in values if value not in (None, ""))

    def world(self) -> World:
        """The whole."""
        objects = [self._all(column) for column in (*self.names, *self.said) if "." in column]
        return World(
            names=self.names,
            classes={column: self._all(column) for column in self.classes},
            findings={column: self._all(column) for column in self.findings},
            objects=next(filter(None, objects), (_UNNAMED,)),
            most=limit(self.most),
        )

    def _all(self, column: str) -> tuple[str, ...]:
        return self.names.get(column) or tuple(sorted(self.said[column]))


def _class_names(features: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of every ClassLabel: of a column, of a list, or of the categories of objects."""
    for column, told in features.items():
        if names := _names(told):
            yield column, names
        if column == _OBJECTS and isinstance(told, dict):
            inner = told.get("feature", told)
            named = {key: _names(inner[key]) for key in _NAMES if key in inner}
            yield from ((f"{_OBJECTS}.{key}", names) for key, names in named.items() if names)


def _names(told: Any) -> tuple[str, ...]:
    """Of a ClassLabel, or of the one in a List (a Sequence in older files)."""
    if _is(told, "List", "LargeList", "Sequence"):
        told = told.get("feature")
    return tuple(map(str, told.get("names", ()))) if _is(told, "ClassLabel") else ()


def _is(told: Any, *types: str) -> bool:
    return isinstance(told, dict) and told.get("_type") in types


def _naming(told: Mapping[str, Any]) -> str | None:
    return next((name for name in _NAMES if name in told), None)


def _words(cells: Cells) -> Iterator[Turn]:
    """A question and its answer, and columns that are texts about the picture."""
    asked, answer = cells.get("question"), cells.get("answer")
    if asked and answer not in (None, ""):
        yield turns.yes_no_or_words(str(asked).strip(), str(answer).strip(), _MOST_CHARS)
    for column in _REPORTS:
        text = cells.get(column)
        if isinstance(text, str) and text.strip():
            section = column if column in ("findings", "impression") else "report"
            yield turns.report(section, text.strip(), _MOST_CHARS)


def first(cells: Cells, columns: Iterable[str]) -> str:
    """What the first of the columns that a row has says; '' for none."""
    return next((str(cells[name]) for name in columns if cells.get(name) not in (None, "")), "")
