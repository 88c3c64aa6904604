"""slake: SLAKE 1.0, 642 images with 14,028 questions in English and Chinese, boxes and masks.

    train.json   validate.json (or validation.json)   test.json   mask.txt
    imgs/xmlab0/{source.jpg, detection.json, mask.png, question.json} ...

A record is one question, or what is drawn in one image; the split is by image. The metadata tell
the language (q_lang) and kind of a question. Options are given for the English yes and no alone: a
closed question may ask for one of three organs. `detection.json` is a list of one name each with x,
y, width and height in pixels: an empty list is nothing found, a missing file is not known. Values
of `mask.png` are named by `mask.txt`. A lesion is painted over its organ, whose outline is drawn
round both. `question.json` repeats rows of the split files and is not read.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from diascope.answers import Box, Mask
from diascope.errors import InputError
from diascope.imaging.decode import read_grey
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources._masks import regions
from diascope.sources._objects import LEARNT, limit, numbers
from diascope.sources._studies import something
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_SPLITS = {
    "train.json": "train",
    "validate.json": "val",
    "validation.json": "val",
    "test.json": "test",
}
_VALUES = "mask.txt"
_VALUE = re.compile(r"\s*(\d{1,3})\s*:\s*(\S.*?)\s*")
_IMAGE, _BOXES, _MASK = "source.jpg", "detection.json", "mask.png"
_MOST_CHARS = 400
_MOST_PIECES = 4
"""Of one name in an image: what is beyond the largest of them are specks."""
_MOST_OUTLINES = 32


class _World(NamedTuple):
    """What values of a mask mean, the names of boxes, and the most boxes of an image."""

    values: dict[int, str]
    labels: tuple[str, ...]
    most: int


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    files = [file for file in _SPLITS if folder.has(file)]
    if not files:
        raise InputError(f"{root}: none of {', '.join(_SPLITS)} is in it")
    splits: dict[str, str] = {}
    for file in files:
        for number, row in enumerate(_rows(folder, file), start=1):
            if isinstance(row, dict):
                splits.setdefault(str(row.get("img_name")), _SPLITS[file])
            yield from folder.records(file, number, _question, folder, file, row)
    yield from _drawings(folder, splits)


def _rows(folder: Folder, file: str) -> list[Any]:
    rows = folder.json(file)
    if not isinstance(rows, list):
        raise InputError(f"{folder.root / file}: no list of questions")
    return rows


def _question(folder: Folder, file: str, row: dict[str, Any]) -> Iterator[Record]:
    image = folder.image(f"imgs/{row['img_name']}")
    name = PurePosixPath(image.path).parent.name
    asked, answer = str(row["question"]).strip(), str(row["answer"]).strip()
    if not asked or not answer:
        raise Unreadable("the row has no question or no answer")
    keys = ("q_lang", "location", "modality", "answer_type", "base_type", "content_type")
    yield Record(
        id=f"{name}/{PurePosixPath(file).stem}/{row['qid']}",
        dataset=SOURCE.name,
        patient=name,
        study=name,
        split=_SPLITS[file],
        images=(image,),
        turns=(turns.yes_no_or_words(asked, answer, _MOST_CHARS),),
        licence=SOURCE.licence,
        metadata={key: str(row[key]) for key in keys if key in row},
    )


def _drawings(folder: Folder, splits: dict[str, str]) -> Iterator[Record | Problem]:
    """A record for every image with boxes or a mask."""
    world = _world(folder, splits)
    images = folder.names(f"imgs/*/{_IMAGE}")
    for name in images:
        place = PurePosixPath(name).parent
        split = splits.get(f"{place.name}/{_IMAGE}", "")
        if folder.has(f"{place}/{_BOXES}") or folder.has(f"{place}/{_MASK}"):
            yield from folder.records(name, None, _drawing, folder, place, split, world)
    for file in (_BOXES, _MASK):
        beside = {str(PurePosixPath(name).with_name(file)) for name in images}
        yield from folder.strays(f"imgs/*/{file}", beside)


def _drawing(folder: Folder, place: PurePosixPath, split: str, world: _World) -> Iterator[Record]:
    image = folder.image(f"{place}/{_IMAGE}")
    yield Record(
        id=f"{place.name}/drawn",
        dataset=SOURCE.name,
        patient=place.name,
        study=place.name,
        split=split,
        images=(image,),
        turns=something(_drawn(folder, place, image, world)),
        licence=SOURCE.licence,
    )


def _drawn(folder: Folder, place: PurePosixPath, image: Image, world: _World) -> Iterator[Turn]:
    if folder.has(f"{place}/{_BOXES}") and world.labels:
        boxes = _boxes(folder, f"{place}/{_BOXES}")
        yield turns.find_by_type("organ and lesion", world.labels, boxes, world.most)
    if folder.has(f"{place}/{_MASK}") and world.values:
        masks = _masks(folder, f"{place}/{_MASK}", image, world.values)
        names = tuple(world.values.values())
        yield turns.outline("every organ and lesion", names, masks, _MOST_OUTLINES)


def _boxes(folder: Folder, file: str) -> list[Box]:
    """Labelled by name, in pixels; the same name may come twice."""
    told = folder.json(file)
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise Unreadable(f"{file} is no list of named boxes")
    pairs = (pair for each in told if isinstance(each, dict) for pair in each.items())
    return [_box(name, numbers(corners, "a box", 4)) for name, corners in pairs]


def _box(name: str, corners: list[float]) -> Box:
    x, y, width, height = corners
    return Box(label=name, x0=x, y0=y, x1=x + width, y1=y + height)


def _masks(folder: Folder, file: str, image: Image, values: dict[int, str]) -> list[Mask]:
    """The outlines of every value; Unreadable where a value is not in the list of names."""
    drawn = read_grey(folder.path(file))
    if drawn.shape != (image.height, image.width):
        raise Unreadable(f"{file} is of another size than its image")
    there = [int(value) for value in np.unique(drawn) if value]
    if unknown := [value for value in there if value not in values]:
        raise Unreadable(f"{file} has the value {unknown[0]}, which {_VALUES} does not name")
    return [
        mask for value in there for mask in regions(values[value], drawn == value, _MOST_PIECES)
    ]


def _world(folder: Folder, splits: dict[str, str]) -> _World:
    """Names of masks, and of the boxes of training images; those come to more in no other."""
    lines = folder.text(_VALUES).splitlines() if folder.has(_VALUES) else ()
    found = (match for line in lines if (match := _VALUE.fullmatch(line)))
    values = {int(match[1]): match[2] for match in found}
    names, most = dict.fromkeys(values.values()), 0
    for file in folder.names(f"imgs/*/{_BOXES}"):
        image = f"{PurePosixPath(file).parent.name}/{_IMAGE}"
        if splits.get(image, "") in LEARNT:
            boxes = _readable_boxes(folder, file)
            names |= dict.fromkeys(box.label for box in boxes)
            most = max(most, len(boxes))
    return _World(values, tuple(names), limit(most))


def _readable_boxes(folder: Folder, file: str) -> list[Box]:
    """None where the file is damaged, which is told when its image is read."""
    try:
        return _boxes(folder, file)
    except ValueError:
        return []


SOURCE = Source(
    name="slake",
    about="SLAKE: questions in English and Chinese, boxes and masks of organs and lesions",
    read=_read,
    marks=("train.json", "imgs/xmlab*"),
    licence="CC-BY-4.0",
    witnesses=(
        "https://github.com/xiaoman-zhang/PMC-VQA/blob/"
        "97358cdbc05fdd6bf3483083511b7d0985c52360/Slake1.0/validate.json",
        "https://github.com/openmedlab/Awesome-Medical-Dataset/blob/"
        "53ed534647507d2f4df8cb08e6b1352ea908362b/resources/SLAKE.md",
        "https://arxiv.org/abs/2102.09542",
    ),
    counts=MappingProxyType(
        {
            "images": 642,
            "questions": 14_028,
            "questions_train": 9834,
            "questions_val": 2098,
            "questions_test": 2094,
        }
    ),
)
