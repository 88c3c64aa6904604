"""padchest: PadChest, 160,861 chest radiographs of some 67,000 patients in Alicante.

    PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv (or .csv.gz)
    0/1111..._aaa111.png ... 54/5555..._fff666.png

A record is one study, its frontal images first: sex, view, and the report as the set has it:
Spanish words cut to their stems, asked under that name, for it is not how anybody writes. `Labels`
is Python's text of a list, whose entries have spaces round them; they are compared whole
("pneumonia" is not "atypical pneumonia"). They are kept as metadata and not asked: what is not in
the list is not told to be absent, so a question that names only what is known would name its own
answer. 27 % were labelled by physicians, the others by a network. Files are 16-bit grey. Numbers of
patients and studies are longer than a float holds. COSTAL and EXCLUDE are no views of the chest.
Some twenty files of the set are missing or damaged. There is no split.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._reports import MOST_CHARS
from diascope.sources._studies import Place, Study, StudyTable, sex_turn, something, view_turn
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_TABLE = "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv"
_COLUMNS = (
    "ImageID",
    "ImageDir",
    "StudyID",
    "PatientID",
    "PatientSex_DICOM",
    "Projection",
    "Report",
    "Labels",
)
_VIEWS = {"PA": "PA", "AP": "AP", "AP_horizontal": "AP", "L": "LATERAL"}


def _read(root: Path) -> Iterator[Record | Problem]:
    yield from StudyTable(Folder(root), _TABLE, _COLUMNS, _place).records(_records)


def _place(line: Line) -> Place:
    if not line["PatientID"] or not line["StudyID"]:
        raise Unreadable("it has no PatientID or no StudyID")
    path = f"{line['ImageDir']}/{line['ImageID']}"
    return Place(line["PatientID"], line["StudyID"], path, _VIEWS.get(line["Projection"]))


def _records(study: Study, _: Study | None) -> Iterator[Record]:
    names = _labels(study.agreed("Labels"))
    asked = (
        *_report(study),
        *sex_turn(study, "PatientSex_DICOM"),
        *view_turn(study.images),
    )
    yield Record(
        id=study.name,
        dataset="padchest",
        patient=study.patient,
        study=study.name,
        split="",
        images=study.images,
        turns=something(asked),
        licence=SOURCE.licence,
        restricted=True,
        metadata={"labels": "; ".join(names)} if names else {},
    )


def _labels(cell: str) -> list[str]:
    """The names in the text of a list; an empty cell is no list and says nothing of the image."""
    try:
        listed = ast.literal_eval(cell) if cell else []
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Unreadable("its Labels are no list") from None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise Unreadable("its Labels are no list of names")
    return [name for name in map(str.strip, listed) if name]


def _report(study: Study) -> Iterator[Turn]:
    if words := study.agreed("Report"):
        yield turns.report("Spanish word stems", " ".join(words.split()), MOST_CHARS)


SOURCE = Source(
    name="padchest",
    about="PadChest: stemmed Spanish reports of frontal and lateral radiographs, sex, view",
    read=_read,
    marks=("PADCHEST_chest_x_ray_images_labels_*.csv*",),
    licence="PadChest Dataset Research Use Agreement (BIMCV)",
    restricted=True,
    witnesses=(
        "https://github.com/auriml/Rx-thorax-automatic-captioning/blob/"
        "05cd95d26e7795341c1f40e7c2736c41ebb7865a/README.md",
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "radharmony/harmonizer/padchest.py",
        "https://github.com/mlmed/torchxrayvision/blob/00ebc956ba1593f1a3f4e021d3ed58d3fef6f183/"
        "torchxrayvision/datasets.py",
    ),
    counts=MappingProxyType({"images": 160_861, "patients": 67_000}),
)
