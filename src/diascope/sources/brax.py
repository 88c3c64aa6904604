"""brax: BRAX 1.1.0, 40,967 chest radiographs of 24,959 Brazilian studies with fourteen labels.

    master_spreadsheet_update.csv (or master_spreadsheet.csv)
    images/id_.../Study_.../Series_.../image-....png
    Anonymized_DICOMs/id_.../Study_.../Series_.../image-....dcm

A record is one study (AccessionNumber), its frontal images first: the fourteen labels of CheXpert,
mined from Portuguese reports that are not handed out, and sex. Every picture is there twice: the
PNG is read, or the DICOM file where only that was fetched. Ages are groups of five years and are
not asked, dates are invented, so that no study comes before another, and there is no split.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources._chexpert import FINDINGS, findings_turn, study_cells
from diascope.sources._studies import Place, Study, StudyTable, sex_turn, something, view_turn
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_TABLES = ("master_spreadsheet_update.csv", "master_spreadsheet.csv")
_COLUMNS = (
    "DicomPath",
    "PngPath",
    "PatientID",
    "PatientSex",
    "AccessionNumber",
    "ViewPosition",
    *FINDINGS,
)
_VIEWS = {"PA": "PA", "AP": "AP", "LL": "LATERAL", "RL": "LATERAL"}


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    name = next((name for name in _TABLES if folder.has(name)), None)
    if name is None:
        raise InputError(f"{root}: none of {', '.join(_TABLES)} is in it")
    yield from StudyTable(folder, name, _COLUMNS, partial(_place, folder)).records(_records)


def _place(folder: Folder, line: Line) -> Place:
    if not line["PatientID"] or not line["AccessionNumber"]:
        raise Unreadable("it has no PatientID or no AccessionNumber")
    png, dicom = line["PngPath"], line["DicomPath"]
    path = dicom if folder.has(dicom) and not folder.has(png) else png
    view = _VIEWS.get(line["ViewPosition"])
    return Place(line["PatientID"], line["AccessionNumber"], path, view)


def _records(study: Study, _: Study | None) -> Iterator[Record]:
    asked = (
        *findings_turn(study_cells(study)),
        *sex_turn(study, "PatientSex"),
        *view_turn(study.images),
    )
    yield Record(
        id=study.name,
        dataset="brax",
        patient=study.patient,
        study=study.name,
        split="",
        images=study.images,
        turns=something(asked),
        licence=SOURCE.licence,
        restricted=True,
    )


SOURCE = Source(
    name="brax",
    about="BRAX: fourteen labels of a study, certain or not, and sex",
    read=_read,
    marks=("master_spreadsheet*.csv",),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "radharmony/harmonizer/brax.py",
        "https://physionet.org/content/brax/1.1.0/",
    ),
    counts=MappingProxyType({"images": 40_967, "studies": 24_959, "patients": 19_351}),
)
