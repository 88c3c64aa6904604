"""nih_cxr14: NIH ChestX-ray14, 112,120 frontal chest radiographs of 30,805 patients.

    Data_Entry_2017_v2020.csv (or Data_Entry_2017.csv)   BBox_List_2017.csv
    train_val_list.txt   test_list.txt   images_001/images/00000001_000.png ... images_012/images/

A record is one image: its fourteen findings (mined from reports, and noisy: a finding that is not
named is told as absent), age, sex and view, and a grounding for each finding that was boxed. An
image without a box is no negative: 880 images were boxed. Splits are the official lists, which
share no patient; `train_val_list.txt` is told as train. A name in a list, or a box, that is of no
row of the table is a problem.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from diascope.answers import Box, Status
from diascope.errors import InputError
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources._lookup import Lookup, Told
from diascope.sources.folder import Folder, Line, Unreadable, number
from diascope.sources.source import Problem, Source

FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumonia",
    "Pneumothorax",
)
_TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
_COLUMNS = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
_BOXES = "BBox_List_2017.csv"
_LISTS = {"train_val_list.txt": "train", "test_list.txt": "test"}
SEXES = {"F": "female", "M": "male"}
_NOTHING = "No Finding"


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    table = next((name for name in _TABLES if folder.has(name)), None)
    if table is None:
        raise InputError(f"{root}: none of {', '.join(_TABLES)} is in it")
    reader, known = _Reader(folder), set()
    for line in folder.table(table, _COLUMNS):
        known.add(line["Image Index"])
        yield from folder.records(table, line.number, reader.records, line)
    yield from reader.strays(known, table)


class _Reader:
    """Makes records of rows, knowing where images lie, what was boxed, and the official lists."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._places = {Path(name).name: name for name in folder.names("images*/**/*.png")}
        self._splits = _splits(folder)
        self._boxes = _boxes(folder)

    def records(self, line: Line) -> Iterator[Record]:
        name = line["Image Index"]
        view = line["View Position"] or None
        image = self._folder.image(self._places.get(name, name), view=view)
        boxes = [_box(row.cells) for row in self._boxes.get(name, ())]
        grounded = [turns.where(f"the {box.label}", box.label, [box]) for box in boxes]
        yield Record(
            id=name,
            dataset="nih_cxr14",
            patient=line["Patient ID"],
            study=Path(name).stem,
            split=self._splits.get(name) or "",
            images=(image,),
            turns=(findings_turn(line["Finding Labels"].split("|")), *_person(line), *grounded),
            licence=SOURCE.licence,
        )

    def strays(self, known: set[str], table: str) -> Iterator[Problem]:
        """The names in lists, and the boxes, of images that the table does not have."""
        why = f"its image is not in {table}"
        yield from self._splits.strays(known, why)
        for name, rows in self._boxes.items():
            for row in rows if name not in known else ():
                yield Problem(file=_BOXES, row=row.line, reason=why)


def findings_turn(names: Iterable[str]) -> Turn:
    """The fourteen findings: those named are present, all others absent."""
    named = set(names) - {_NOTHING}
    if unknown := named - set(FINDINGS):
        raise Unreadable(f"unknown finding {min(unknown)!r}")
    status: dict[str, Status] = {
        finding: "present" if finding in named else "absent" for finding in FINDINGS
    }
    return turns.findings(status)


def _person(line: Line) -> Iterator[Turn]:
    """View, sex and age, each where the table has it; some ages are impossible and left out."""
    if line["View Position"]:
        yield turns.which("Which view is it?", ("PA", "AP"), line["View Position"])
    sex = line.get("Patient Gender") or line.get("Patient Sex")
    yield from turns.person(SEXES.get(sex, sex) or None, years(line["Patient Age"]))


class _Boxed(NamedTuple):
    """The number of a line of the boxes, and its cells behind the image's name."""

    line: int
    cells: list[str]


def _boxes(folder: Folder) -> Mapping[str, list[_Boxed]]:
    """The boxes of each image; the header's own commas make its names of no use."""
    found: dict[str, list[_Boxed]] = defaultdict(list)
    lines = folder.text(_BOXES).splitlines()[1:] if folder.has(_BOXES) else ()
    for place, line in enumerate(lines, start=2):
        name, *cells = line.split(",")
        if line.strip():
            found[name].append(_Boxed(place, cells[:5]))
    return found


def _box(cells: list[str]) -> Box:
    """Label, x, y, width and height in pixels of the image as distributed."""
    if len(cells) != 5:
        raise Unreadable(f"a row of {_BOXES} about it has too few cells")
    x, y, width, height = (number(cell, "a box") for cell in cells[1:])
    label = {"Infiltrate": "Infiltration"}.get(cells[0], cells[0])
    return Box(label=label, x0=x, y0=y, x1=x + width, y1=y + height)


def _splits(folder: Folder) -> Lookup[str]:
    return Lookup(
        (name.strip(), Told(file, row, split))
        for file, split in _LISTS.items()
        if folder.has(file)
        for row, name in enumerate(folder.text(file).splitlines(), start=1)
        if name.strip()
    )


SOURCE = Source(
    name="nih_cxr14",
    about="NIH ChestX-ray14: fourteen findings, boxes of eight, age, sex and view",
    read=_read,
    marks=("Data_Entry_2017*.csv", "images*"),
    licence="NIH Clinical Center, attribution required",
    patient_spelling=r"(\d+)",
    witnesses=(
        "https://github.com/mlmed/torchxrayvision/blob/00ebc956ba1593f1a3f4e021d3ed58d3fef6f183/"
        "torchxrayvision/datasets.py",
        "https://github.com/gnsandeep/CS598Project/blob/304f1226113c58e43dd3452d491a061462a9d9dd/"
        "BBox_List_2017.csv",
    ),
    counts=MappingProxyType({"images": 112_120, "patients": 30_805}),
)
