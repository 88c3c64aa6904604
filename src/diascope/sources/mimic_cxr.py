"""mimic_cxr: MIMIC-CXR-JPG, 377,110 radiographs of 227,835 studies, with the reports of MIMIC-CXR.

    mimic-cxr-2.0.0-metadata.csv.gz   -split.csv.gz   -chexpert.csv.gz (or unpacked)
    files/p10/p10999901/s59000003/0a1b2c3d-....jpg   files/p10/p10999901/s59000003.txt

A record is one study, its frontal images first, with the study before it: findings and impression
(or the whole report where it has neither), indication, history and comparison as context, and the
fourteen CheXpert labels. Reports are handed out apart, to be unpacked into the same tree; a study
without one is asked for its labels alone. Study numbers are not in the order of time; dates are
shifted by patient, and StudyTime has lost its leading zeros. ___ stands for removed words. The JPEG
files are histogram-equalised, not what a DICOM file shows. An empty label is unknown; a radiologist
labelled the test set anew (mimic-cxr-2.1.0-test-set-labeled.csv), which is not read. validate is
told as val.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from diascope.records import Context, Record
from diascope.sources._chexpert import FINDINGS, findings_turn, known_cells
from diascope.sources._lookup import Lookup, Told
from diascope.sources._mimic_report import sections
from diascope.sources._reports import Sections, prior_context, report_context, report_turns
from diascope.sources._studies import Place, Study, StudyTable, something, view_turn, with_prior
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_METADATA = "mimic-cxr-2.0.0-metadata.csv"
_SPLIT_TABLE = "mimic-cxr-2.0.0-split.csv"
_LABELS = "mimic-cxr-2.0.0-chexpert.csv"
_COLUMNS = ("dicom_id", "subject_id", "study_id", "ViewPosition", "StudyDate", "StudyTime")
_VIEWS = {"PA": "PA", "AP": "AP", "LATERAL": "LATERAL", "LL": "LATERAL"}
_SPLITS = {"train": "train", "validate": "val", "test": "test"}


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    reader = _Reader(folder)
    yield from StudyTable(folder, _METADATA, _COLUMNS, _place, timed=True).records(reader.records)
    yield from reader.strays()


class _Reader:
    """Makes records of studies, knowing the split of every image and the labels of every study."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._splits = Lookup(
            (line["dicom_id"], Told(_SPLIT_TABLE, line.number, line["split"]))
            for line in folder.table(_SPLIT_TABLE, ("dicom_id", "split"))
        )
        self._labels = Lookup(
            (line["study_id"], Told(_LABELS, line.number, known_cells(line.cells)))
            for line in folder.table(_LABELS, ("study_id", *FINDINGS))
        )
        self._sections = lru_cache(64)(self._report)

    def records(self, study: Study, prior: Study | None) -> Iterator[Record]:
        images = with_prior(study, prior)
        asked = (
            *findings_turn(self._labels.get(study.name) or {}),
            *report_turns(self._sections(study.patient, study.name)),
            *view_turn(images),
        )
        yield Record(
            id=study.name,
            dataset="mimic_cxr",
            patient=study.patient,
            study=study.name,
            split=self._split(study),
            images=images,
            turns=something(asked),
            context=tuple(self._context(study, prior)),
            licence=SOURCE.licence,
            restricted=True,
        )

    def strays(self) -> Iterator[Problem]:
        """What is told of images and studies that the table of images does not have."""
        images, studies = set(), set()
        for line in self._folder.table(_METADATA, _COLUMNS):
            images.add(line["dicom_id"])
            studies.add(line["study_id"])
        yield from self._splits.strays(images, f"its image is not in {_METADATA}")
        yield from self._labels.strays(studies, f"its study is not in {_METADATA}")

    def _split(self, study: Study) -> str:
        """The split of its images, which the official table tells one by one."""
        told = {self._splits.get(line.get("dicom_id")) or "" for line in study.lines}
        if len(told) > 1 or not told <= _SPLITS.keys():
            names = ", ".join(_SPLITS)
            raise Unreadable(f"its images are not all in one of the splits {names}")
        return _SPLITS[told.pop()]

    def _context(self, study: Study, prior: Study | None) -> Iterator[Context]:
        yield from report_context(self._sections(study.patient, study.name), study.name)
        if prior:
            yield from prior_context(self._sections(prior.patient, prior.name), prior.name)

    def _report(self, patient: str, study: str) -> Sections:
        name = f"{_patient_folder(patient)}/s{study}.txt"
        return sections(self._folder.text(name)) if self._folder.has(name) else {}


def _place(line: Line) -> Place:
    patient, study = line["subject_id"], line["study_id"]
    path = f"{_patient_folder(patient)}/s{study}/{line['dicom_id']}.jpg"
    return Place(patient, study, path, _VIEWS.get(line["ViewPosition"]), _moment(line))


def _patient_folder(patient: str) -> str:
    return f"files/p{patient[:2]}/p{patient}"


def _moment(line: Line) -> tuple[str, ...]:
    """Date, time with its leading zeros (40212.718 is 04:02:12), and its fraction."""
    date, (time, _, fraction) = line["StudyDate"], line["StudyTime"].partition(".")
    if not (date.isdecimal() and len(date) == 8 and time.isdecimal() and len(time) <= 6):
        raise Unreadable("its StudyDate or StudyTime is none")
    return date, time.zfill(6), fraction


SOURCE = Source(
    name="mimic_cxr",
    about="MIMIC-CXR-JPG: reports by section, fourteen labels and the study before",
    read=_read,
    marks=("mimic-cxr-2.0.0-metadata.csv*", "files/p1*"),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    patient_spelling=r"p?(\d{8})",
    witnesses=(
        "https://physionet.org/content/mimic-cxr-jpg/2.1.0/",
        "https://mimic.mit.edu/docs/iv/modules/cxr",
        "https://github.com/mlmed/torchxrayvision/blob/0aa52a7bfff0398e03aa04a3843720e598fa9da3/"
        "tests/gen_mimic.py",
    ),
    counts=MappingProxyType(
        {"images": 377_110, "studies": 227_835, "reports": 227_943, "patients": 64_588}
    ),
)
