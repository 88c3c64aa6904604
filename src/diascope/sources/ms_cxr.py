"""ms_cxr: MS-CXR, 1,162 sentences of radiologists' reports, each boxed in its chest radiograph.

    MS_CXR_Local_Alignment_v1.1.0.csv (a row a box)   MS_CXR_Local_Alignment_v1.1.0.json (the same)
    files/p10/p10999901/s59000003/0a1b2c3d-....jpg (not in the set: those of MIMIC-CXR-JPG)

A record is one image, and a turn one sentence with all of its boxes. Boxes are in pixels of the
JPEG file as MIMIC-CXR-JPG has it; an image of another size is a problem. Link or copy its folder
`files` beside the table. Only what is there was boxed: no sentence denies. The set's own split is
not that of MIMIC-CXR (an image of its train may be in the other's test), so that a model trained on
one and tested on the other has to leave these patients out. Version 1.0.0 has no split.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.answers import Box
from diascope.errors import InputError, nearest
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources.folder import Folder, Line, Unreadable, number
from diascope.sources.source import Problem, Source

_TABLES = "MS_CXR_Local_Alignment_v*.csv"
_SIDES = ("x", "y", "w", "h")
_SIZES = ("image_width", "image_height")
_COLUMNS = ("path", "category_name", "label_text", *_SIDES, *_SIZES)
CATEGORIES = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Lung Opacity",
    "Pleural Effusion",
    "Pneumonia",
    "Pneumothorax",
)
_SPLITS = ("train", "val", "test", "")
_PLACE = re.compile(r"(?:.*/)?p(\d{8})/s(\d{8})/[^/]+\.jpg")
_MOST = 16


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    tables = folder.names(_TABLES)
    if not tables:
        raise InputError(f"{root}: no {_TABLES} is in it")
    images: dict[str, list[Line]] = defaultdict(list)
    for line in folder.table(tables[-1], _COLUMNS):
        images[line["path"]].append(line)
    for lines in images.values():
        yield from folder.records(tables[-1], lines[0].number, _records, folder, lines)


def _records(folder: Folder, lines: list[Line]) -> Iterator[Record]:
    """Of all rows about one image."""
    path = lines[0]["path"]
    place = _PLACE.fullmatch(path)
    if place is None:
        raise Unreadable("its path is not of the form files/p1./p......../s......../*.jpg")
    patient, study = place.groups()
    image = folder.image(path, study=study)
    for line in lines:
        _check_size(line, image)
    yield Record(
        id=Path(path).stem,
        dataset="ms_cxr",
        patient=patient,
        study=study,
        split=_split(lines),
        images=(image,),
        turns=tuple(_turns(lines)),
        licence=SOURCE.licence,
        restricted=True,
        metadata={"category": "; ".join(dict.fromkeys(map(_category, lines)))},
    )


def _check_size(line: Line, image: Image) -> None:
    """Boxes would lie elsewhere in a copy of the image that was made smaller."""
    width, height = (number(line[side], f"{side} in row {line.number}") for side in _SIZES)
    if (width, height) != image.size:
        told, found = f"{width:g} x {height:g}", f"{image.width} x {image.height}"
        raise Unreadable(f"the image is {found} pixels, and {told} in row {line.number}")


def _split(lines: list[Line]) -> str:
    told = {line.get("split") for line in lines}
    if len(told) > 1 or not told <= set(_SPLITS):
        raise Unreadable("its rows are not all in one of the splits train, val, test")
    return told.pop()


def _category(line: Line) -> str:
    name = line["category_name"]
    if name not in CATEGORIES:
        raise Unreadable(
            f"unknown category {name!r} in row {line.number}{nearest(name, CATEGORIES)}"
        )
    return name


def _turns(lines: list[Line]) -> Iterator[Turn]:
    """A turn for each sentence; one that two categories share tells its boxes once."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    for line in lines:
        phrase = _phrase(line)
        box = _box(line, phrase)
        if box not in boxes[phrase]:
            boxes[phrase].append(box)
    for phrase, found in boxes.items():
        yield turns.where(f'"{phrase}"', phrase, found, _MOST)


def _phrase(line: Line) -> str:
    """The sentence; a semicolon between spaces would end a label in an answer."""
    phrase = " ".join(line["label_text"].split()).replace(" ;", ";")
    if not phrase:
        raise Unreadable(f"there is no label_text in row {line.number}")
    return phrase


def _box(line: Line, phrase: str) -> Box:
    """x and y of the upper left corner, width and height, in pixels of the JPEG file."""
    x, y, width, height = (number(line[side], f"{side} in row {line.number}") for side in _SIDES)
    return Box(label=phrase, x0=x, y0=y, x1=x + width, y1=y + height)


SOURCE = Source(
    name="ms_cxr",
    about="MS-CXR: sentences of reports boxed in MIMIC-CXR's images, eight findings",
    read=_read,
    marks=(_TABLES,),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    derived_from="mimic_cxr",
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/4013e804e8212fb67dd23cac113283e263070afc/"
        "radharmony/harmonizer/ms_cxr/ms_cxr.py",
        "https://www.physionet.org/content/ms-cxr/",
    ),
    counts=MappingProxyType(
        {"images": 1_047, "patients": 851, "boxes": 1_448, "image_sentence_pairs": 1_162}
    ),
)
