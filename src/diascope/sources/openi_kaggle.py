"""openi_kaggle: the radiographs of Indiana University as two tables, a copy made for Kaggle.

    indiana_reports.csv   indiana_projections.csv   images/images_normalized/1_IM-0001-4001.dcm.png

A record is one report (`uid`, the only key of a person) with its images, frontal ones first:
findings and impression where the report has them, indication and comparison as context, and for a
single image whether it is frontal, which may be PA or AP. An empty cell is a missing section, the
word None is its text. A report without an image is a problem. The end of a name does not tell the
view. The grey values were changed ("normalized"). XXXX stands for removed words, and `Problems` is
no list of findings: it is not read. There is no split.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._lookup import Lookup, Told
from diascope.sources._reports import Sections, report_context, report_turns, single_spaced
from diascope.sources._studies import Place, Study, StudyTable, something
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_REPORTS, _PROJECTIONS = "indiana_reports.csv", "indiana_projections.csv"
_IMAGES = "images/images_normalized"
_COLUMNS = ("uid", "filename", "projection")
_SECTIONS = ("indication", "comparison", "findings", "impression")
_VIEWS = {"Frontal": None, "Lateral": "LATERAL"}


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    reports = _reports(folder)
    make = _Reader(reports).records
    yield from StudyTable(folder, _PROJECTIONS, _COLUMNS, _place).records(make)
    pictured = {line["uid"] for line in folder.table(_PROJECTIONS, _COLUMNS)}
    yield from reports.strays(pictured, f"no image of it is in {_PROJECTIONS}")


class _Reader:
    """Makes records of studies, knowing every report."""

    def __init__(self, reports: Lookup[Sections]) -> None:
        self._reports = reports

    def records(self, study: Study, _: Study | None) -> Iterator[Record]:
        told = self._reports.get(study.name) or {}
        yield Record(
            id=study.name,
            dataset="openi_kaggle",
            patient=study.patient,
            study=study.name,
            split="",
            images=study.images,
            turns=something((*report_turns(told), *_projection(study))),
            context=tuple(report_context(told, study.name)),
            licence=SOURCE.licence,
        )


def _reports(folder: Folder) -> Lookup[Sections]:
    return Lookup(
        (line["uid"], Told(_REPORTS, line.number, _sections(line)))
        for line in folder.table(_REPORTS, ("uid", *_SECTIONS))
    )


def _sections(line: Line) -> Sections:
    return single_spaced({name: line[name] for name in _SECTIONS})


def _place(line: Line) -> Place:
    uid, projection = line["uid"], line["projection"]
    if not uid:
        raise Unreadable("it has no uid")
    if projection not in _VIEWS:
        expected = ", ".join(_VIEWS)
        raise Unreadable(f"unknown projection {projection[:20]!r}; expected one of {expected}")
    return Place(uid, uid, f"{_IMAGES}/{line['filename']}", _VIEWS[projection])


def _projection(study: Study) -> Iterator[Turn]:
    """Whether it is frontal, where a single image leaves no doubt which is meant."""
    if len(study.images) == 1:
        answer = study.agreed("projection").lower()
        yield turns.which("Is it a frontal or a lateral view?", ("frontal", "lateral"), answer)


SOURCE = Source(
    name="openi_kaggle",
    about="Indiana University's radiographs as Kaggle has them: reports by section, projection",
    read=_read,
    marks=(_REPORTS, _PROJECTIONS),
    licence="CC BY-NC-ND 4.0",
    derived_from="openi",
    witnesses=(
        "https://github.com/SaadSubhaniTheProgrammerVersion/Textual-Report-Generation-from-Chest-"
        "X-rays-Indiana-Dataset/blob/a3d4e703db3f1a54c91a265653771eb295fd5241/indiana_reports.csv",
        "https://www.kaggle.com/datasets/raddar/chest-xrays-indiana-university",
    ),
    counts=MappingProxyType({"images": 7470, "reports": 3955}),
)
