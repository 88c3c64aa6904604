"""Nothing that a fixture says is dropped in silence, whatever is done to its pictures and rows.

A picture that is gone, a row that is no row, a row that contradicts another: each is a Problem, an
InputError, or shows in a record. A row is one of a table or a list, or an object in JSON.

    DIASCOPE_FUZZ=1 pytest tests/fuzz/test_drops.py -k "[coco]"

takes every row; without it, one of each kind is taken, by chance and the same in every run.
"""

import csv
import gzip
import io
import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from fnmatch import fnmatch
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources import Source, all_sources
from diascope.sources.source import Problem

FIXTURES = Path(__file__).parent.parent / "sources" / "fixtures"
NAMES = sorted(path.parent.name for path in FIXTURES.glob("*/truth.json"))
JUNK = "?"
UNREAD = {
    "chest_imagenome": ("*_SceneGraph.json: .relationships[]", "*/images_to_avoid.csv: *"),
    "chexlocalize": ("*/gt_annotations_*.json: *",),
    "chexpert_plus": ("*/findings_fixed.json: *",),
    "coco": ("*: .licenses[]",),
    "covid19_radiography": ("README.md.txt: *",),
    "dicom_folder": ("*/notes.txt: *",),
    "flare26": ("validation-hidden/*_val.json: *",),
    "jsrt": ("Clinical_Information/*",),
    "labelme": ("labels.txt: *",),
    "mask_png": ("*/classes.txt: *",),
    "mimic_cxr": ("files/*.txt: *", "*-negbio.csv.gz: *", "*-test-set-labeled.csv: *"),
    "mimic_cxr_vqa": ("*/LICENSE.txt: *", "*/SHA256SUMS.txt: *"),
    "mimic_diff_vqa": ("*/all_diseases.json: *",),
    "montgomery": ("ClinicalReadings/*",),
    "ms_cxr": ("*.json: *",),
    "pascal_voc": (
        *("*/effusion_trainval.txt: *", "*/nodule_trainval.txt: *"),
        "*/ImageSets/Segmentation/*: *",
    ),
    "sharegpt": ("dataset_info.json: *",),
    "shenzhen": ("ClinicalReadings/*", "Annotations-2/*"),
    "slake": ("*/question.json: *", "mask.txt: *"),
    "tbx11k": (
        *("*/all_test.json: *", "*TBX11K_*: *", "lists/all_trainval.txt: *"),
        *("*: .info[]", "*: .licenses[]"),
    ),
    "yolo": ("*/classes.txt: *",),
}
"""Files, and lists in them, that a source says it does not read, or reads as words alone."""
ALONE = {
    "brax": ("images/id_aaaa0001/Study_2.25.101/*",),
    "dicom_folder": ("*",),
    "hf_dataset": ("imagefolder_labels/*",),
    "rsna_pneumonia": ("stage_2_test_images/*",),
    "siim_pneumothorax": ("dicom-images-test/*", "dicom-images-train/*.305/*"),
    "yolo": ("detect/images/train/p01_side.png",),
}
"""Pictures that nothing else names, so that nobody can know that they are gone, or that are there
again in another form (brax)."""
OF_NO_MATTER = {
    "chest_imagenome": ("bbox_name", "comparison_cues"),
    "coco": ("iscrowd",),
    "mimic_diff_vqa": ("study_id",),
    "radialog": ("dicom_id",),
    "tbx11k": ("id",),
}
"""Cells by which a second row says nothing of what the first is about: another region of the graph,
or one that is not asked about; another image or category, which nothing speaks of. Of a crowd, the
boxes of its name are not asked, those of its other objects neither."""


class Said(NamedTuple):
    """What a folder says: its records and its problems, and apart from them where problems are."""

    records: Counter[tuple[Any, ...]]
    problems: Counter[tuple[str, str]]
    places: set[tuple[str, int | None]]
    refused: bool

    def __len__(self) -> int:
        return self.records.total() + self.problems.total()

    def tells_more_than(self, before: "Said") -> bool:
        """Whether there is something that is told to be wrong, and was not before."""
        return self.refused or bool(self.problems - before.problems)


def said(source: Source, root: Path) -> Said:
    records, problems, places = Counter(), Counter(), set()
    try:
        for item in source.read(root):
            if isinstance(item, Problem):
                problems[item.file, item.reason] += 1
                places.add((item.file, item.row))
            else:
                records[content(item)] += 1
    except InputError:
        return Said(records, problems, places, refused=True)
    return Said(records, problems, places, refused=False)


def content(record: Record) -> tuple[Any, ...]:
    turns = tuple((turn.question, turn.image, turn.answer) for turn in record.turns)
    person = (record.patient, record.study, record.split)
    return record.id, person, record.images, record.context, turns


class Form(NamedTuple):
    """How a file of rows is read and written; `heads` is how many of its rows are none."""

    load: Callable[[str], Any]
    dump: Callable[[Any], str]
    heads: int = 0


def dumped_table(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


TABLE = Form(lambda text: list(csv.reader(io.StringIO(text))), dumped_table, heads=1)
LINES = Form(str.splitlines, lambda rows: "".join(f"{row}\n" for row in rows))
JSON = Form(json.loads, json.dumps)
JSON_LINES = Form(
    lambda text: [json.loads(line) for line in text.splitlines()],
    lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows),
)


def form_of(path: Path, text: str) -> Form | None:
    match path.name.removesuffix(".gz").rpartition(".")[2]:
        case "csv":
            return TABLE
        case "txt":
            return LINES
        case "json" | "jsonl":
            return JSON_LINES if path.suffix == ".jsonl" or "}\n{" in text else JSON
    return None


Place = tuple[Any, ...]


class Row(NamedTuple):
    """An entry of a file that was read; `place` leads to it, through lists and objects."""

    path: Path
    form: Form
    whole: Any
    place: Place

    @property
    def kind(self) -> str:
        steps = ("[]" if isinstance(step, int) else f".{step}" for step in self.place)
        return "".join(steps)

    @property
    def entry(self) -> Any:
        return at(self.whole, self.place)

    @property
    def cells(self) -> list[Any]:
        """What leads to each of its cells."""
        if isinstance(self.entry, dict):
            return list(self.entry)
        return list(range(len(self.entry))) if isinstance(self.entry, list) else []

    def column(self, cell: Any) -> str:
        """What a cell is called."""
        return str(self.whole[0][cell] if self.form is TABLE else cell)

    def broken(self) -> str:
        """The file with junk in place of the row."""
        is_cells = isinstance(self.entry, list)
        return self._changed([JUNK] * len(self.entry) if is_cells else JUNK)

    def with_cell(self, cell: Any, value: Any) -> str:
        return self._changed(self._other(cell, value))

    @property
    def is_listed(self) -> bool:
        """Whether there may be another beside it: rows of an object have a key each."""
        return isinstance(self.place[-1], int)

    def twice(self) -> str:
        return self._with(self.entry, after=1)

    def with_second(self, cell: Any, after: int) -> str:
        """The file with another row before or after it, the same but for one cell."""
        return self._with(self._other(cell, JUNK), after)

    def _with(self, entry: Any, after: int) -> str:
        whole = deepcopy(self.whole)
        at(whole, self.place[:-1]).insert(self.place[-1] + after, entry)
        return self.form.dump(whole)

    def _other(self, cell: Any, value: Any) -> Any:
        other = deepcopy(self.entry)
        other[cell] = value
        return other

    def _changed(self, entry: Any) -> str:
        whole = deepcopy(self.whole)
        at(whole, self.place[:-1])[self.place[-1]] = entry
        return self.form.dump(whole)


def at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def places(value: Any, form: Form, place: Place = ()) -> Iterator[Place]:
    """Of the objects in lists, at any depth, and of the rows of a table or list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if place == () and all(isinstance(each, dict) for each in value.values()):
                yield (key,)
            yield from places(inner, form, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            is_row = not place and number >= form.heads and bool(inner)
            if isinstance(inner, dict) or is_row:
                yield (*place, number)
            if not (form is TABLE or isinstance(inner, str)):
                yield from places(inner, form, (*place, number))


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")


def write(path: Path, text: str) -> None:
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


class Raw:
    """A copy of a fixture, what it says, and what it says once something is changed."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        truth = json.loads((FIXTURES / name / "truth.json").read_text())
        self._source = all_sources()[truth.get("source", name)]
        self.before = said(self._source, root)

    def pictures(self) -> list[str]:
        """Those that records name and that are files of their own."""
        named = {image.path for _, _, images, *_ in self.before.records for image in images}
        return sorted(name for name in named if (self.root / name).is_file())

    def rows(self) -> Iterator[Row]:
        """Every row, or one of each kind."""
        kinds = defaultdict(list)
        for path in sorted(path for path in self.root.rglob("*") if path.is_file()):
            for row in rows_in(path):
                kind = f"{path.relative_to(self.root).as_posix()}: {row.kind}"
                if not any(fnmatch(kind, unread) for unread in UNREAD.get(self.name, ())):
                    kinds[kind].append(row)
        for kind, rows in kinds.items():
            yield from rows if "DIASCOPE_FUZZ" in os.environ else [Random(kind).choice(rows)]

    def without(self, name: str) -> Said:
        path = self.root / name
        data = path.read_bytes()
        path.unlink()
        after = said(self._source, self.root)
        path.write_bytes(data)
        return after

    def having(self, row: Row, text: str) -> Said:
        data = row.path.read_bytes()
        write(row.path, text)
        after = said(self._source, self.root)
        row.path.write_bytes(data)
        return after

    def where(self, row: Row, cell: Any = "") -> str:
        return f"{row.path.relative_to(self.root).as_posix()} {row.place} {cell}"


def rows_in(path: Path) -> Iterator[Row]:
    if path.suffix not in (".csv", ".gz", ".txt", ".json", ".jsonl"):
        return
    text = text_of(path)
    form = form_of(path, text)
    if form:
        whole = form.load(text)
        yield from (Row(path, form, whole, place) for place in places(whole, form))


def is_told(raw: Raw, row: Row) -> bool:
    """Whether the row is a problem as it is."""
    file = row.path.relative_to(raw.root).as_posix().removesuffix(".gz")
    number = int(row.place[0]) + 1 if row.kind == "[]" else None
    return (file, number) in raw.before.places


def is_less(after: Said, before: Said) -> bool:
    return len(after) < len(before) and not after.tells_more_than(before)


def stands_for_both(raw: Raw, row: Row, cell: Any, after: int) -> bool:
    """Whether of two rows that differ in one cell only one is heard, and nothing is told."""
    other = raw.having(row, row.with_cell(cell, JUNK))
    if other.records == raw.before.records or row.column(cell) in OF_NO_MATTER.get(raw.name, ()):
        return False
    both = raw.having(row, row.with_second(cell, after))
    is_silent = not both.tells_more_than(raw.before)
    return is_silent and both.records in (raw.before.records, other.records)


@pytest.fixture(params=NAMES)
def raw(request, tmp_path: Path) -> Raw:
    root = shutil.copytree(FIXTURES / request.param / "raw", tmp_path / "raw")
    return Raw(request.param, root)


def test_a_picture_that_is_gone_is_told(raw: Raw) -> None:
    unseen = [
        name
        for name in raw.pictures()
        if not any(fnmatch(name, pattern) for pattern in ALONE.get(raw.name, ()))
        and not raw.without(name).tells_more_than(raw.before)
    ]
    assert not unseen


def test_a_row_that_is_none_is_told(raw: Raw) -> None:
    unseen = [
        raw.where(row)
        for row in raw.rows()
        if not is_told(raw, row) and not raw.having(row, row.broken()).tells_more_than(raw.before)
    ]
    assert not unseen


def test_a_cell_that_is_wrong_or_blank_loses_no_row(raw: Raw) -> None:
    lost = [
        raw.where(row, cell)
        for row in raw.rows()
        for cell in row.cells
        for value in (JUNK, "")
        if is_less(raw.having(row, row.with_cell(cell, value)), raw.before)
    ]
    assert not lost


def test_a_row_that_is_there_twice_loses_none(raw: Raw) -> None:
    lost = [
        raw.where(row)
        for row in raw.rows()
        if row.is_listed and is_less(raw.having(row, row.twice()), raw.before)
    ]
    assert not lost


def test_a_row_that_contradicts_another_is_told(raw: Raw) -> None:
    """Neither of the two may stand for both, unless the cell that differs is of no matter."""
    silent = [
        raw.where(row, cell)
        for row in raw.rows()
        if row.is_listed
        for cell in row.cells
        for after in (0, 1)
        if stands_for_both(raw, row, cell, after)
    ]
    assert not silent
