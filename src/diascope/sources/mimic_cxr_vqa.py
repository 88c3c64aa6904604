"""mimic_cxr_vqa: MIMIC-Ext-MIMIC-CXR-VQA, 377,391 questions about 142,797 chest radiographs.

    mimic-ext-mimic-cxr-vqa-1.0.0/MIMIC-Ext-MIMIC-CXR-VQA/dataset/{train,valid,test}.json
    mimic-cxr-jpg/2.0.0/files/p10/p10000032/s50414267/....jpg   (not in the set)

A record is one question. An answer is a list: yes or no alone are options, several are words parted
by commas, and none is the answer "none", not a missing one. Views are ap and pa, sexes f and m.
The split is the file's: 698 patients are in both train and valid, whose questions in train are left
out when the set is prepared. It is not the split of MIMIC-CXR.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources import turns
from diascope.sources._physionet import Radiographs, found
from diascope.sources._shards import split_of
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_PROJECT = "MIMIC-Ext-MIMIC-CXR-VQA"
_PLACE = f"{_PROJECT}/dataset"
_PARTS = ("train", "valid", "test")
_NONE = "none"
_MOST_CHARS = 1000


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    radiographs = Radiographs(folder)
    for part in _PARTS:
        file = found(folder, f"{_PLACE}/{part}.json", _PROJECT)
        rows = folder.json(file)
        if not isinstance(rows, list):
            raise InputError(f"{root / file}: no list of questions")
        for number, row in enumerate(rows, start=1):
            yield from folder.records(file, number, _records, radiographs, file, number, row)


def _records(
    radiographs: Radiographs, file: str, number: int, row: dict[str, Any]
) -> Iterator[Record]:
    study = str(row["study_id"])
    image = radiographs.image(row["image_path"], study)
    keys = ("content_type", "semantic_type", "template_program")
    yield Record(
        id=f"{PurePosixPath(file).stem}/{number}",
        dataset=SOURCE.name,
        patient=str(row["subject_id"]),
        study=study,
        split=split_of(PurePosixPath(file).name),
        images=(image,),
        turns=(turns.yes_no_or_words(row["question"], _answer(row), _MOST_CHARS),),
        licence=SOURCE.licence,
        restricted=True,
        metadata={key: str(row[key]) for key in keys if key in row},
    )


def _answer(row: dict[str, Any]) -> str:
    told = row["answer"]
    if not isinstance(told, list):
        raise Unreadable("its answer is no list")
    return ", ".join(str(each).strip() for each in told) or _NONE


SOURCE = Source(
    name="mimic_cxr_vqa",
    about="MIMIC-Ext-MIMIC-CXR-VQA: questions from templates about chest radiographs",
    read=_read,
    marks=(f"mimic-ext-mimic-cxr-vqa-*/{_PLACE}/valid.json",),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    derived_from="mimic_cxr",
    witnesses=(
        "https://github.com/baeseongsu/mimic-cxr-vqa/blob/"
        "225b938a47cc7d6f716a72b282a814a601056322/README.md",
        "https://github.com/baeseongsu/mimic-cxr-vqa/blob/"
        "695a88f2b87a96da729bb361549210223b6c12bb/dataset_builder/generate_answer.py",
        "https://physionet.org/content/mimic-ext-mimic-cxr-vqa/1.0.0/",
    ),
    counts=MappingProxyType({"questions": 377_391, "images": 142_797, "patients": 55_716}),
)
