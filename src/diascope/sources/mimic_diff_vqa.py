"""mimic_diff_vqa: MIMIC-Diff-VQA, 700,703 questions about 164,324 pairs of chest radiographs.

    medical-diff-vqa/1.0.0/mimic_pair_questions.csv   mimic_all.csv   all_diseases.json
    mimic-cxr-jpg/2.0.0/files/p10/p10000032/s50414267/....jpg   (not in the set)

A record is one row: a question about the main study's image, and where it asks for a difference
about the reference's too, which comes second with the role "prior" whether or not it is the older.
`mimic_all.csv` tells the one frontal image of each study. The split is that of the questions, not
the other one in `mimic_all.csv`. What that and `all_diseases.json` say of diseases is another
extraction, and not asked. Yes and no are options; lists of findings stay words.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from diascope.records import Image, Record
from diascope.sources import turns
from diascope.sources._lookup import Lookup, Told
from diascope.sources._physionet import Radiographs, found
from diascope.sources._shards import SPLITS
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_PROJECT = "Medical-Diff-VQA"
_QUESTIONS, _STUDIES = "mimic_pair_questions.csv", "mimic_all.csv"
_ASKED = ("study_id", "subject_id", "ref_id", "question_type", "question", "answer", "split")
_TOLD = ("subject_id", "study_id", "dicom_id", "view")
_VIEWS = {"postero-anterior": "PA", "antero-posterior": "AP"}
_DIFFERENCE = "difference"
_MOST_CHARS = 1000


class _Study(NamedTuple):
    """The image of a study, by its name from `files` on, and whose it is."""

    patient: str
    image: str
    view: str | None


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    file = found(folder, _QUESTIONS, _PROJECT)
    reader = _Reader(folder)
    for line in folder.table(file, _ASKED):
        yield from folder.records(file, line.number, reader.records, line)


class _Reader:
    """Makes records of questions, knowing the image of each study."""

    def __init__(self, folder: Folder) -> None:
        self._radiographs = Radiographs(folder)
        file = found(folder, _STUDIES, _PROJECT)
        self._studies = Lookup(
            (_whole(line["study_id"]), Told(file, line.number, _study(line)))
            for line in folder.table(file, _TOLD)
        )

    def records(self, line: Line) -> Iterator[Record]:
        main, kind = _whole(line["study_id"]), line["question_type"]
        if not line["question"] or not line["answer"]:
            raise Unreadable("the row has no question or no answer")
        images = [self._image(line, main)]
        if kind == _DIFFERENCE:
            images.append(self._image(line, _whole(line["ref_id"]), role="prior"))
        yield Record(
            id=f"{main}/{line.number}",
            dataset=SOURCE.name,
            patient=_whole(line["subject_id"]),
            study=main,
            split=_split(line["split"]),
            images=tuple(images),
            turns=(turns.yes_no_or_words(line["question"], line["answer"], _MOST_CHARS),),
            licence=SOURCE.licence,
            restricted=True,
            metadata={"question_type": kind},
        )

    def _image(self, line: Line, study: str, role: str = "main") -> Image:
        told = self._studies.get(study)
        if told is None:
            raise Unreadable(f"its study, or the reference, is not in {_STUDIES}")
        if told.patient != _whole(line["subject_id"]):
            raise Unreadable(f"{_STUDIES} says that its study is of another patient")
        return self._radiographs.image(told.image, study, told.view, role)


def _study(line: Line) -> _Study:
    patient, study = _whole(line["subject_id"]), _whole(line["study_id"])
    image = f"p{patient[:2]}/p{patient}/s{study}/{line['dicom_id']}.jpg"
    return _Study(patient, image, _VIEWS.get(line["view"]))


def _whole(cell: str) -> str:
    """A number as text; a column with blanks is written with .0."""
    return cell.removesuffix(".0")


def _split(cell: str) -> str:
    if cell and cell not in SPLITS:
        raise Unreadable(f"unknown split {cell[:40]!r}")
    return SPLITS.get(cell, "")


SOURCE = Source(
    name="mimic_diff_vqa",
    about="MIMIC-Diff-VQA: questions about chest radiographs, and what changed between two",
    read=_read,
    marks=(f"medical-diff-vqa/*/{_QUESTIONS}",),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    derived_from="mimic_cxr",
    witnesses=(
        "https://github.com/Holipori/MIMIC-Diff-VQA/blob/"
        "015c36dcb7996ef1af2ff2176ab562d046c94c6b/README.md",
        "https://github.com/Holipori/MIMIC-Diff-VQA/blob/"
        "b42c67518aef62222dbcc7ff1995081dfc539836/code/get_mimic_all.py",
        "https://www.physionet.org/content/medical-diff-vqa/1.0.0/",
    ),
    counts=MappingProxyType({"questions": 700_703, "image_pairs": 164_324}),
)
