"""tbx11k: TBX11K, 8,976 chest radiographs with labels of tuberculosis, and 3,302 to be predicted.

    lists/all_{train,val,test}.txt   annotations/json/all_trainval.json   annotations/xml/tb0003.xml
    imgs/{health,sick,tb}/   imgs/extra/{da+db,mc+shenzhen}/{train,val}/   imgs/test/

A record is one image: tuberculosis or not, its category by folder, and which types of it there are
and where. Boxes are read from the JSON alone, which has them in pixels of the images as distributed
(x, y, width, height); the XML has them in the clinical picture's, which was squeezed by another
factor along each axis. An image of `tb` without a box is of an unknown type. The extras are the
Montgomery, Shenzhen, DA and DB sets: they have a label in their names and never a box, so that
where one with tuberculosis has it is unknown. Labels of the test images are withheld: they are
asked without an answer. No patients are told, and some images occur twice, in train and in val.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

from diascope.answers import Box, Status
from diascope.errors import InputError
from diascope.records import Record, Turn
from diascope.sources import _tuberculosis, turns
from diascope.sources._tuberculosis import tuberculosis
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_LISTS = {
    "lists/all_train.txt": "train",
    "lists/all_val.txt": "val",
    "lists/all_test.txt": "test",
}
_BOXES = "annotations/json/all_trainval.json"
_ACTIVE, _LATENT = "ActiveTuberculosis", "ObsoletePulmonaryTuberculosis"
TYPES = (_ACTIVE, _LATENT, "PulmonaryTuberculosis")
"""The third is declared and never used."""
_CATEGORIES = {
    "health": "healthy",
    "sick": "sick but non-TB",
    _ACTIVE: "active TB",
    _LATENT: "latent TB",
    "both": "active & latent TB",
}
_MOST = 16
_LETTERS = {"n": "no", "p": "yes"}
"""How names of the DA and DB sets begin."""


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    named = {file: folder.text(file).splitlines() for file in _LISTS}
    reader = _Reader(folder, named)
    for file, split in _LISTS.items():
        for number, name in enumerate(named[file], start=1):
            if name.strip():
                yield from folder.records(file, number, reader.records, name.strip(), split)
    yield from reader.strays({name.strip() for names in named.values() for name in names})


class _Reader:
    """Makes records of names in a list, knowing all lists and boxes."""

    def __init__(self, folder: Folder, named: Mapping[str, list[str]]) -> None:
        self._folder = folder
        self._boxes = _boxes(folder)
        self._stems = Counter(_stem(name) for names in named.values() for name in names)

    def records(self, name: str, split: str) -> Iterator[Record]:
        boxes = [_box(boxed) for boxed in self._boxes.get(name, ())]
        yield Record(
            id=name,
            dataset="tbx11k",
            patient=self._patient(name),
            study=_stem(name),
            split=split,
            images=(self._folder.image(f"imgs/{name}"),),
            turns=tuple(_turns(name, boxes)),
            licence=SOURCE.licence,
        )

    def strays(self, listed: Collection[str]) -> Iterator[Problem]:
        """The boxes of images that are in none of the lists."""
        why = f"its image is in none of {', '.join(_LISTS)}"
        for name, boxes in self._boxes.items():
            for boxed in boxes if name not in listed else ():
                yield Problem(file=_BOXES, row=boxed.number, reason=why)

    def _patient(self, name: str) -> str:
        """The file's name, with its folder where another folder has it too: DA and DB repeat it."""
        return _stem(name) if self._stems[_stem(name)] == 1 else name


def _turns(name: str, boxes: list[Box]) -> Iterator[Turn]:
    """What is known of an image; nothing is of a test image, whose questions stay open."""
    kind = _kind(name)
    has = _has_tuberculosis(name)
    category = _category(kind, {box.label for box in boxes})
    yield tuberculosis(has)
    if category or kind == "test":
        yield turns.which("What kind of image is it?", tuple(_CATEGORIES.values()), category)
    if boxes or has == "no":
        present = {box.label for box in boxes}
        status: dict[str, Status] = {
            each: "present" if each in present else "absent" for each in TYPES
        }
        yield turns.findings(status)
        yield turns.find_by_type("sign of tuberculosis", TYPES, boxes, _MOST)


def _kind(name: str) -> str:
    kind = PurePosixPath(name).parts[0]
    if kind not in ("health", "sick", "tb", "extra", "test"):
        raise Unreadable("it lies in none of the folders health, sick, tb, extra and test")
    return kind


def _has_tuberculosis(name: str) -> str | None:
    """By the folder, and of an extra by its name; None where it is withheld."""
    kind, stem = _kind(name), _stem(name)
    if kind != "extra":
        return {"tb": "yes", "test": None}.get(kind, "no")
    return _LETTERS.get(stem[:1]) or _tuberculosis.by_digit(stem)


def _category(kind: str, types: set[str]) -> str | None:
    """The set's own five; None where it is not known."""
    if kind != "tb":
        return _CATEGORIES.get(kind)
    if {_ACTIVE, _LATENT} <= types:
        return _CATEGORIES["both"]
    return next((_CATEGORIES[each] for each in (_ACTIVE, _LATENT) if each in types), None)


def _stem(name: str) -> str:
    return PurePosixPath(name.strip()).stem


class _Boxed(NamedTuple):
    """An annotation's place in its list, from 1, its label, and its corners as they are told."""

    number: int
    label: str
    corners: Any


def _boxes(folder: Folder) -> Mapping[str, list[_Boxed]]:
    """The annotations by the image's name, which is empty where no image has their number."""
    told = folder.json(_BOXES)
    labels, names = _by_id(told, "categories", "name"), _by_id(told, "images", "file_name")
    found: dict[str, list[_Boxed]] = defaultdict(list)
    for number, item in enumerate(_items(told, "annotations", "image_id", "category_id"), start=1):
        label = labels.get(item["category_id"], "")
        found[names.get(item["image_id"], "")].append(_Boxed(number, label, item.get("bbox")))
    return found


def _by_id(told: Any, key: str, field: str) -> dict[Any, str]:
    """A field of the objects in a list of the file; InputError where two have one id."""
    items = _items(told, key, "id", field)
    found = {item["id"]: item[field] for item in items}
    if len(found) < len(items):
        raise InputError(f"{_BOXES}: two of its {key} have one id; copy the file again")
    return found


def _items(told: Any, key: str, *fields: str) -> list[dict[str, Any]]:
    """The objects in a list of the file, each with words or numbers in these fields."""
    items = told.get(key) if isinstance(told, dict) else None
    if not isinstance(items, list):
        raise InputError(f"{_BOXES}: it has no list of {key}; copy the file again")
    for number, item in enumerate(items, start=1):
        for field in fields:
            if not isinstance(item, dict) or not isinstance(item.get(field), str | int):
                raise InputError(f"{_BOXES}: number {number} of its {key} has no {field!r}")
    return items


def _box(boxed: _Boxed) -> Box:
    label, corners = boxed.label, boxed.corners
    if label not in TYPES:
        raise Unreadable(f"a box of it in {_BOXES} is of none of {', '.join(TYPES)}")
    if not isinstance(corners, list) or len(corners) != 4:
        raise Unreadable(f"a box of it in {_BOXES} has not four numbers")
    if not all(isinstance(side, int | float) for side in corners):
        raise Unreadable(f"a box of it in {_BOXES} has a side that is no number")
    x, y, width, height = corners
    return Box(label=label, x0=x, y0=y, x1=x + width, y1=y + height)


SOURCE = Source(
    name="tbx11k",
    about="TBX11K: tuberculosis, active or latent, boxed, beside healthy and other sick chests",
    read=_read,
    marks=("lists/all_trainval.txt", "annotations/json/TBX11K_*.json", "imgs/tb"),
    licence="CC BY-NC-SA 2.0",
    witnesses=(
        "https://github.com/turjo410/TBX11K-Assignment-1/tree/"
        "4420d9ecafb6ac2bea8606c0285fc929de0b3c8c/TBX11K",
        "https://github.com/MarshallKnowles/TB_Project/blob/"
        "e4304e359f65f3964531c6dbe017980f0de1c193/TBX11K/annotations/json/TBX11K_val.json",
        "https://mednet.readthedocs.io/en/stable/api/mednet.data.classify.tbx11k.html",
    ),
    counts=MappingProxyType({"images": 12_278}),
)
