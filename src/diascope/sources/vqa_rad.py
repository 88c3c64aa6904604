"""vqa_rad: VQA-RAD as it was published, 2,248 questions about 315 radiological images.

    VQA_RAD Dataset Public.json   VQA_RAD Image Folder/synpic10001.jpg ...

A record is one row, a question about one image; each image is of another case, and so its own
patient. `test_freeform` and `test_para` of `phrase_type` are the set's test part, which shares all
but one of its images with the rest: it is kept in the metadata alone, and records come without a
split. A closed question may ask for one of two sides, so only yes and no are options. Answers may
be numbers; `NULL` is blank; a question type has two spellings. An image without a question is no
record.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources import turns
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_FILE = "VQA_RAD Dataset Public.json"
_IMAGES = "VQA_RAD Image Folder"
_TYPES = {"ATRIB": "ATTRIB"}
_MOST_CHARS = 400
_NULL = "NULL"


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    rows = folder.json(_FILE)
    if not isinstance(rows, list):
        raise InputError(f"{root / _FILE}: no list of questions")
    for number, row in enumerate(rows, start=1):
        yield from folder.records(_FILE, number, _records, folder, number, row)


def _records(folder: Folder, number: int, row: dict[str, Any]) -> Iterator[Record]:
    image = folder.image(f"{_IMAGES}/{row['image_name']}")
    name = PurePosixPath(image.path).stem
    asked, answer = _words(row, "question"), _words(row, "answer")
    yield Record(
        id=f"{name}/{number}",
        dataset=SOURCE.name,
        patient=name,
        study=name,
        split="",
        images=(image,),
        turns=(turns.yes_no_or_words(asked, answer, _MOST_CHARS),),
        licence=SOURCE.licence,
        metadata={
            "organ": str(row.get("image_organ", "")),
            "question_type": ", ".join(_types(row)),
            "answer_type": str(row.get("answer_type", "")).strip(),
            "phrase_type": (phrase := str(row["phrase_type"]).strip()),
            "official_split": "test" if phrase.startswith("test_") else "train",
        },
    )


def _words(row: dict[str, Any], key: str) -> str:
    """With single spaces; Unreadable where there are none."""
    found = row[key]
    words = " ".join(str(found).split())
    if isinstance(found, dict | list | None) or words in ("", _NULL):
        raise Unreadable(f"the row has no {key}")
    return words


def _types(row: dict[str, Any]) -> Iterator[str]:
    for name in str(row.get("question_type", "")).upper().split(","):
        yield _TYPES.get(name.strip(), name.strip())


SOURCE = Source(
    name="vqa_rad",
    about="VQA-RAD: questions of clinicians about radiographs, CT and MR images, without a split",
    read=_read,
    marks=(_FILE,),
    licence="CC0-1.0",
    witnesses=(
        "https://github.com/openmedlab/Awesome-Medical-Dataset/blob/"
        "53ed534647507d2f4df8cb08e6b1352ea908362b/resources/VQA-RAD.md",
        "https://github.com/Saranga99/vqa-radiology/blob/"
        "4ebf0eba83c3459e4a474adf82966e0ce6dacf1c/src/dataset.py",
        "https://www.nature.com/articles/sdata2018251",
    ),
    counts=MappingProxyType(
        {"images": 315, "questions": 2248, "questions_train": 1797, "questions_test": 451}
    ),
)
