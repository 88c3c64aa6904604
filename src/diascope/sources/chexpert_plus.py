"""chexpert_plus: CheXpert Plus, the pictures of CheXpert with 187,711 reports of 64,725 patients.

    df_chexpert_plus_240401.csv   PNG/train/patient00001/study1/view1_frontal.png ...
    chexbert_labels/impression_fixed.json   chexbert_labels/findings_fixed.json
    DICOM/Uncompressed/train/patient00001/study1/view1_frontal.dcm ... (the same pictures)

A record is one study, its frontal images first, with the study before it: findings and impression
where the report has them (most have no findings), history and comparison as context, the fourteen
labels that CheXbert found in the impression, sex and age. The labels found in the findings differ
and are not read. `path_to_image` ends in .jpg where the file is a .png; the DICOM file is read
where only that was fetched. Cells hold line breaks;
`report` ends in an accession number and the anonymiser's sentence, so that only sections are read.
Studies come in the order of `patient_report_date_order`: their numbers are names. Some hundred rows
name a picture that was never handed out. valid is told as val.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from diascope.records import Context, Record
from diascope.sources._chexpert import findings_turn, known_cells, person_turns
from diascope.sources._lookup import Lookup, Told
from diascope.sources._reports import (
    Sections,
    prior_context,
    report_context,
    report_turns,
    single_spaced,
)
from diascope.sources._studies import Place, Study, StudyTable, something, view_turn, with_prior
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_TABLE = "df_chexpert_plus_240401.csv"
_LABELS = "chexbert_labels/impression_fixed.json"
_DICOM = "DICOM/Uncompressed"
_SECTIONS = {
    "section_clinical_history": "indication",
    "section_history": "history",
    "section_comparison": "comparison",
    "section_findings": "findings",
    "section_impression": "impression",
}
_COLUMNS = (
    "path_to_image",
    "frontal_lateral",
    "ap_pa",
    "deid_patient_id",
    "patient_report_date_order",
    "age",
    "sex",
    "split",
    *_SECTIONS,
)
_SPLITS = {"train": "train", "valid": "val"}


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    labels = _labels(folder)
    table = StudyTable(folder, _TABLE, _COLUMNS, partial(_place, folder), timed=True)
    yield from table.records(_Reader(labels).records)
    for number, row in _label_rows(folder):
        if row is None:
            yield Problem(file=_LABELS, row=number, reason="the line is no JSON object")
    known = {line["path_to_image"] for line in folder.table(_TABLE, _COLUMNS)}
    yield from labels.strays(known, f"its image is not in {_TABLE}")


def _label_rows(folder: Folder) -> Iterable[tuple[int, dict[str, Any] | None]]:
    return folder.json_lines(_LABELS) if folder.has(_LABELS) else ()


def _labels(folder: Folder) -> Lookup[Mapping[str, object]]:
    """The labels that are known of each picture, by its path as the table has it."""
    return Lookup(
        (str(row.get("path_to_image")), Told(_LABELS, number, known_cells(row)))
        for number, row in _label_rows(folder)
        if row is not None
    )


class _Reader:
    """Makes records of studies, knowing the labels of every picture."""

    def __init__(self, labels: Lookup[Mapping[str, object]]) -> None:
        self._labels = labels

    def records(self, study: Study, prior: Study | None) -> Iterator[Record]:
        images = with_prior(study, prior)
        asked = (
            *findings_turn(self._cells(study)),
            *report_turns(_sections(study)),
            *person_turns(study, "sex", "age"),
            *view_turn(images),
        )
        yield Record(
            id=study.name,
            dataset="chexpert_plus",
            patient=study.patient,
            study=study.name,
            split=_split(study),
            images=images,
            turns=something(asked),
            context=tuple(_context(study, prior)),
            licence=SOURCE.licence,
            restricted=True,
        )

    def _cells(self, study: Study) -> Mapping[str, object]:
        """The labels, which are those of the report, by the first of its pictures that has any."""
        told = (self._labels.get(line.get("path_to_image")) for line in study.lines)
        return next((cells for cells in told if cells), {})


def _context(study: Study, prior: Study | None) -> Iterator[Context]:
    yield from report_context(_sections(study), study.name)
    if prior:
        yield from prior_context(_sections(prior), prior.name)


def _sections(study: Study) -> Sections:
    return single_spaced({name: study.agreed(column) for column, name in _SECTIONS.items()})


def _split(study: Study) -> str:
    split = study.agreed("split")
    if split not in _SPLITS:
        raise Unreadable(f"unknown split {split[:20]!r}; expected one of {', '.join(_SPLITS)}")
    return _SPLITS[split]


def _place(folder: Folder, line: Line) -> Place:
    path = PurePosixPath(line["path_to_image"])
    if len(path.parts) < 3:
        raise Unreadable("its path_to_image does not end in patient, study and image")
    patient = line["deid_patient_id"]
    if not patient:
        raise Unreadable("it has no deid_patient_id")
    name, dicom = f"PNG/{path.with_suffix('.png')}", f"{_DICOM}/{line.get('path_to_dcm')}"
    if line.get("path_to_dcm") and folder.has(dicom) and not folder.has(name):
        name = dicom
    return Place(patient, f"{patient}/{path.parts[-2]}", name, _view(line), _moment(line))


def _view(line: Line) -> str | None:
    if line["frontal_lateral"] == "Lateral":
        return "LATERAL"
    return line["ap_pa"] if line["ap_pa"] in ("AP", "PA") else None


def _moment(line: Line) -> tuple[str, ...]:
    """Of one width, so that 10 comes after 9; one copy may write 2 and another 2.0."""
    order = line["patient_report_date_order"].removesuffix(".0")
    if not order.isdecimal():
        raise Unreadable("its patient_report_date_order is no whole number")
    return (order.zfill(9),)


SOURCE = Source(
    name="chexpert_plus",
    about="CheXpert Plus: reports by section, fourteen labels, sex, age and the study before",
    read=_read,
    marks=("df_chexpert_plus_*.csv",),
    licence="Stanford University Dataset Research Use Agreement",
    restricted=True,
    derived_from="chexpert",
    witnesses=(
        "https://github.com/sunlabuiuc/PyHealth/blob/666266bb6170c072a8aec0b0ad13816bf615ce0a/"
        "pyhealth/datasets/chexpert_plus.py",
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "radharmony/harmonizer/chexpert/chexpert_plus.py",
        "https://github.com/Stanford-AIMI/chexpert-plus",
    ),
    counts=MappingProxyType({"images": 223_228, "reports": 187_711, "patients": 64_725}),
)
