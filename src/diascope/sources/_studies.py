"""Sets that speak of studies: a row for each picture, one report or set of labels for all of them.

A record is a study, its frontal images first. Where a set tells the order in time, the study before
joins as images with the role "prior".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem

VIEWS = ("PA", "AP", "LATERAL")
SEXES = {"F": "female", "M": "male", "O": "other"}
"""Patient's Sex as DICOM has it (PS3.3 C.7.1.1)."""
_UNKNOWN_VIEW = len(VIEWS) - 1
_RANKS = {"PA": 0, "AP": 0, "LATERAL": len(VIEWS)}


class Place(NamedTuple):
    """Where the image of a row lies, and whose it is; `view` is one of VIEWS, or not known.

    `moment` sorts the studies of a patient by time; a set that tells no time leaves it empty.
    """

    patient: str
    study: str
    path: str
    view: str | None
    moment: tuple[str, ...] = ()


class _Row(NamedTuple):
    line: Line
    place: Place


@dataclass(frozen=True)
class Study:
    """The rows of a study whose images could be read, and those images, frontal ones first."""

    patient: str
    name: str
    lines: tuple[Line, ...]
    images: tuple[Image, ...]

    def agreed(self, column: str) -> str:
        """What each of its rows says in a column; Unreadable where they say different things."""
        told = {line.get(column) for line in self.lines}
        if len(told) > 1:
            raise Unreadable(f"the rows of its study disagree in the column {column!r}")
        return told.pop()


Make = Callable[[Study, Study | None], Iterable[Record]]


@dataclass(frozen=True)
class StudyTable:
    """A table with a row for each image.

    `place_of` says Unreadable where a row does not tell its image. A set that is not `timed` has no
    priors, and keeps the order of its table.
    """

    folder: Folder
    file: str
    columns: Sequence[str]
    place_of: Callable[[Line], Place]
    timed: bool = False

    def records(self, make: Make) -> Iterator[Record | Problem]:
        """What `make` makes of every study and the one before it, and every row without its image.

        A Problem of the whole study is told of its first row.
        """
        studies: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        for item in self._rows():
            if isinstance(item, Problem):
                yield item
            else:
                studies[item.place.patient, item.place.study].append(item)
        yield from self._made(self._in_order(studies.values()), make)

    def _rows(self) -> Iterator[_Row | Problem]:
        """Rows are kept without their empty cells: a table may have hundreds of thousands."""
        known: dict[str, int] = {}
        for line in self.folder.table(self.file, self.columns):
            cells = {name: line[name] for name in self.columns if line[name]}
            try:
                place = self.place_of(line)
                if known.setdefault(place.path, line.number) != line.number:
                    raise Unreadable(f"row {known[place.path]} is of the same image")
                yield _Row(Line(line.number, cells), place)
            except Unreadable as error:
                yield Problem(file=self.file, row=line.number, reason=str(error))

    def _in_order(self, studies: Iterable[list[_Row]]) -> Iterable[list[_Row]]:
        if not self.timed:
            return studies
        return sorted(studies, key=lambda rows: (rows[0].place.patient, rows[0].place.moment))

    def _made(self, studies: Iterable[list[_Row]], make: Make) -> Iterator[Record | Problem]:
        before: Study | None = None
        for rows in studies:
            for item in self._opened(rows):
                if isinstance(item, Problem):
                    yield item
                    continue
                row = item.lines[0].number
                prior = self._prior(item, before)
                yield from self.folder.records(self.file, row, make, item, prior)
                before = item

    def _opened(self, rows: list[_Row]) -> Iterator[Study | Problem]:
        """The rows without an image, then the study of the others, if there are any."""
        lines, images = [], []
        for row in rows:
            try:
                images.append(study_image(self.folder, row.place))
                lines.append(row.line)
            except Unreadable as error:
                yield Problem(file=self.file, row=row.line.number, reason=str(error))
        if images:
            place = rows[0].place
            yield Study(place.patient, place.study, tuple(lines), frontal_first(images))

    def _prior(self, study: Study, before: Study | None) -> Study | None:
        return before if self.timed and before and before.patient == study.patient else None


def study_image(folder: Folder, place: Place) -> Image:
    """The image of a row; Unreadable where it is missing or damaged."""
    role = "lateral" if place.view == "LATERAL" else "main"
    return folder.image(place.path, role=role, study=place.study, view=place.view)


def frontal_first(images: Iterable[Image]) -> tuple[Image, ...]:
    """Frontal views, then those that are not known, then lateral ones, each in their order."""
    return tuple(sorted(images, key=lambda image: _RANKS.get(image.view or "", _UNKNOWN_VIEW)))


def with_prior(study: Study, prior: Study | None) -> tuple[Image, ...]:
    """The images of a study and of the one before it."""
    older = prior.images if prior else ()
    return (*study.images, *(image.model_copy(update={"role": "prior"}) for image in older))


def sex_turn(study: Study, column: str) -> Iterator[Turn]:
    """The patient's sex, which some tell to be neither; no turn where it is not known."""
    sex = study.agreed(column)
    if sex and sex not in SEXES:
        raise Unreadable(f"its {column} is none of {', '.join(SEXES)}")
    return turns.person(SEXES.get(sex), None, tuple(SEXES.values()))


def view_turn(images: Sequence[Image]) -> Iterator[Turn]:
    """Which view it is, where that is known and a single image leaves no doubt which is meant."""
    if len(images) == 1 and images[0].view in VIEWS:
        yield turns.which("Which view is it?", VIEWS, images[0].view)


def something(asked: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns; Unreadable where there are none."""
    found = tuple(asked)
    if not found:
        raise Unreadable("nothing is known of it that could be asked")
    return found
