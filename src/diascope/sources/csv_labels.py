"""csv_labels: one table of labels of a hospital's own, after the manner of CheXpert.

    labels.csv   images/00012/study1/front.png ... (or wherever image_path points)

A record is one image, a row of the table. Columns `image_path` and `patient_id` are needed;
`study_id`, `split`, `sex`, `age` (years, or 006M), `view` and `report` may be there; every other
column is a label: 1 present, 0 absent, -1 uncertain, blank unknown. Numbers of patients are text,
with their zeros. An unknown sex and a blank age or view are not asked for. What a view may be and
how long a report is are taken from the training rows, which are all rows without a split.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from diascope.answers import Status
from diascope.errors import InputError
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources._objects import LEARNT
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_TABLE = "labels.csv"
_NEEDED = ("image_path", "patient_id")
_KNOWN = (*_NEEDED, "study_id", "split", "sex", "age", "view", "report")
_STATUS: dict[float, Status] = {1.0: "present", 0.0: "absent", -1.0: "uncertain"}
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}
_NO_SEX = ("", "unknown", "u", "o", "other")
_CHARS = 500


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    lines = list(folder.table(_TABLE, _NEEDED))
    if not lines:
        raise InputError(f"{_TABLE}: it has no rows under its header")
    reader = _Reader(folder, lines)
    for line in lines:
        yield from folder.records(_TABLE, line.number, reader.records, line)


class _Reader:
    """Makes records of rows, knowing what the training rows say."""

    def __init__(self, folder: Folder, lines: Sequence[Line]) -> None:
        self._folder = folder
        self._labels = [column for column in lines[0].cells if column not in _KNOWN]
        learnt = [line for line in lines if line.get("split") in LEARNT]
        self._views = tuple(sorted({line.get("view") for line in learnt} - {""}))
        longest = max((len(line.get("report")) for line in learnt), default=0)
        self._max_chars = max(1, -(-longest // _CHARS)) * _CHARS

    def records(self, line: Line) -> Iterator[Record]:
        name, patient = line["image_path"], line["patient_id"]
        if not patient:
            raise Unreadable("its patient_id is blank")
        image = self._folder.image(name, view=line.get("view") or None)
        asked = tuple(self._turns(line))
        if not asked:
            raise Unreadable("nothing is known of it: all cells but image and patient are blank")
        yield Record(
            id=name,
            dataset="csv_labels",
            patient=patient,
            study=line.get("study_id") or str(PurePosixPath(name).with_suffix("")),
            split=line.get("split"),
            images=(image,),
            turns=asked,
        )

    def _turns(self, line: Line) -> Iterator[Turn]:
        known = {label: _status(line[label], label) for label in self._labels if line[label]}
        if known:
            yield turns.findings(known)
        if line.get("view") and self._views:
            yield turns.which("Which view is it?", self._views, line.get("view"))
        yield from turns.person(_sex(line.get("sex")), _age(line.get("age")))
        if line.get("report"):
            yield turns.report("report", line.get("report"), self._max_chars)


def _status(cell: str, label: str) -> Status:
    """The cell is not repeated in a message: a column taken for a label may hold anything."""
    try:
        return _STATUS[float(cell)]
    except (KeyError, ValueError):
        raise Unreadable(f"column {label!r} has something else than 1, 0, -1 or nothing") from None


def _sex(cell: str) -> str | None:
    if cell.lower() in _NO_SEX:
        return None
    if cell.lower() not in _SEXES:
        raise Unreadable("its sex is none of female, male and unknown")
    return _SEXES[cell.lower()]


def _age(cell: str) -> float | None:
    return years(cell) if cell else None


SOURCE = Source(
    name="csv_labels",
    about="one table of labels, present, absent or uncertain, with age, sex, view and report",
    read=_read,
    marks=(_TABLE,),
    licence="a layout",
    witnesses=(
        "https://download.ddeec.com/deepmagd/shenaniGAN/wiki/CheXpert-Dataset",
        "https://github.com/mlmed/torchxrayvision/blob/00ebc956ba1593f1a3f4e021d3ed58d3fef6f183/"
        "torchxrayvision/datasets.py",
    ),
)
