"""chexpert: CheXpert, 223,648 chest radiographs of 64,740 patients with fourteen labels.

    train.csv   train/patient00001/study1/view1_frontal.jpg ...
    valid.csv   valid/patient64541/study1/view1_frontal.jpg ...

A record is one study, its frontal images first: the fourteen labels, sex and age. Labels are of the
study and repeated for each view; those of train are mined from reports, those of valid are a
consensus of radiologists. `Path` begins with the name of the set's own folder, which may have been
renamed. Study numbers are a patient's own. AP/PA is empty for a lateral. valid is told as val; the
test images are not part of what is handed out.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources._chexpert import FINDINGS, findings_turn, person_turns, study_cells
from diascope.sources._studies import Place, Study, StudyTable, something, view_turn
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_TABLES = {"train.csv": "train", "valid.csv": "val"}
_COLUMNS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *FINDINGS)


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    tables = [name for name in _TABLES if folder.has(name)]
    if not tables:
        raise InputError(f"{root}: none of {', '.join(_TABLES)} is in it")
    for name in tables:
        yield from _Table(folder, name).read()


class _Table:
    """One of the two tables, which is a split."""

    def __init__(self, folder: Folder, name: str) -> None:
        self._split = _TABLES[name]
        self._table = StudyTable(folder, name, _COLUMNS, _place)

    def read(self) -> Iterator[Record | Problem]:
        return self._table.records(self._records)

    def _records(self, study: Study, _: Study | None) -> Iterator[Record]:
        asked = (
            *findings_turn(study_cells(study)),
            *person_turns(study, "Sex", "Age"),
            *view_turn(study.images),
        )
        yield Record(
            id=study.name,
            dataset="chexpert",
            patient=study.patient,
            study=study.name,
            split=self._split,
            images=study.images,
            turns=something(asked),
            licence=SOURCE.licence,
            restricted=True,
        )


def _place(line: Line) -> Place:
    parts = PurePosixPath(line["Path"]).parts
    if len(parts) < 4:
        raise Unreadable("its Path does not end in split, patient, study and image")
    patient, study = parts[-3:-1]
    return Place(patient, f"{patient}/{study}", "/".join(parts[-4:]), _view(line))


def _view(line: Line) -> str | None:
    if line["Frontal/Lateral"] == "Lateral":
        return "LATERAL"
    return line["AP/PA"] if line["AP/PA"] in ("AP", "PA") else None


SOURCE = Source(
    name="chexpert",
    about="CheXpert: fourteen labels of a study, certain or not, sex and age",
    read=_read,
    marks=("train.csv", "train/patient*/study*"),
    licence="Stanford University Dataset Research Use Agreement",
    restricted=True,
    patient_spelling=r"(?:patient)?(\d+)",
    witnesses=(
        "https://github.com/mlmed/torchxrayvision/blob/00ebc956ba1593f1a3f4e021d3ed58d3fef6f183/"
        "torchxrayvision/datasets.py",
        "https://www.tensorflow.org/datasets/catalog/chexpert",
    ),
    counts=MappingProxyType({"images": 224_316, "patients": 65_240}),
)
