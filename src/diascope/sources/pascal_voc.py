"""pascal_voc: objects with boxes in the layout of PASCAL VOC.

    VOCdevkit/VOC2007/Annotations/000005.xml   VOCdevkit/VOC2007/JPEGImages/000005.jpg
    VOCdevkit/VOC2007/ImageSets/Main/{train,val,test,trainval}.txt

A record is one image: where its objects are. Years may lie beside each other, or one folder may be
read alone. Pixels count from 1 and the far corner is inclusive, so that 1 is taken from the near
corner alone; `part` of an object has a box of its own that is no object. An object that is
`difficult` is one all the same, although the official score leaves it out. An XML without an object
is a negative; an image of `test` without an XML is asked without an answer. `trainval` is train
where neither list names the image; an XML in no list has no split, and an image in none of both is
no part of the set. Names are those of the training part. Outlines (SegmentationClass) are not read.
"""

from collections import defaultdict
from collections.abc import Iterator
from glob import escape
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree.ElementTree import Element

from pydantic import ValidationError

from diascope.answers import Box
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.recordindex import reason
from diascope.records import Record
from diascope.sources._objects import (
    LEARNT,
    Object,
    World,
    image_of_size,
    limit,
    lone,
    questions,
)
from diascope.sources._xml import read_xml, text
from diascope.sources.folder import Folder, Unreadable, number
from diascope.sources.source import Problem, Source

_XML = "**/Annotations/*.xml"
_LISTS = {"train": "train", "val": "val", "test": "test", "trainval": "train"}
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    kits: dict[PurePosixPath, list[str]] = defaultdict(list)
    for name in folder.names(_XML):
        kits[PurePosixPath(name).parents[1]].append(name)
    if not kits:
        raise InputError(f"{root}: no {_XML} is in it")
    read = [_Kit(folder, place, names) for place, names in kits.items()]
    world = _world([objects for kit in read for objects in kit.learnt()])
    for kit in read:
        for listed in kit.listed:
            yield from folder.records(listed.file, listed.row, kit.records, listed, world)


def _world(learnt: list[tuple[Object, ...]]) -> World:
    names = {each.box.label for objects in learnt for each in objects}
    return World(names=tuple(sorted(names)), boxes=limit(max(map(len, learnt), default=0)))


class _Listed(NamedTuple):
    """An image's stem, its split, and the list that names it (or its own XML)."""

    stem: str
    split: str
    file: str
    row: int | None = None


class _Annotated(NamedTuple):
    """What an XML says: the size of the image, None where it does not, and the objects in it."""

    size: Size | None
    objects: tuple[Object, ...]


class _Kit:
    """One year: its lists, its annotations and its images."""

    def __init__(self, folder: Folder, place: PurePosixPath, annotations: list[str]) -> None:
        self._folder, self._place = folder, place
        self._images = _by_stem(folder.names(f"{escape(str(place))}/JPEGImages/*"))
        files = _by_stem(annotations)
        self._told = {stem: _annotated(folder, name) for stem, name in files.items()}
        self.listed = list(self._lists())
        known = {each.stem for each in self.listed}
        strays = files.keys() - known
        self.listed += [_Listed(stem, "", files[stem]) for stem in sorted(strays)]

    def learnt(self) -> Iterator[tuple[Object, ...]]:
        """The objects of each image that closed worlds are taken from."""
        for each in self.listed:
            told = self._told.get(each.stem)
            if each.split in LEARNT and isinstance(told, _Annotated):
                yield told.objects

    def records(self, listed: _Listed, world: World) -> Iterator[Record]:
        """The record of an image; Unreadable where its XML is, or is missing but in the test."""
        told = self._told.get(listed.stem)
        if isinstance(told, Unreadable):
            raise told
        if told is None and listed.split != "test":
            raise Unreadable(f"there is no Annotations/{listed.stem}.xml")
        place = str(self._place / "JPEGImages" / f"{listed.stem}.jpg")
        name = self._images.get(listed.stem, place)
        told_size = told.size if told else None
        image = image_of_size(self._folder, name, told_size or self._folder.size(name))
        asked = questions(world, told.objects if told else None)
        yield lone("pascal_voc", image, listed.split, asked)

    def _lists(self) -> Iterator[_Listed]:
        """Every line of the lists; of `trainval`, those that are in no other."""
        known: set[str] = set()
        for part, split in _LISTS.items():
            file = str(self._place / f"ImageSets/Main/{part}.txt")
            lines = self._folder.text(file).splitlines() if self._folder.has(file) else []
            for row, stem in enumerate(map(str.strip, lines), start=1):
                if stem and not (part == "trainval" and stem in known):
                    known.add(stem)
                    yield _Listed(stem, split, file, row)


def _annotated(folder: Folder, name: str) -> _Annotated | Unreadable:
    """What the XML says, or why it cannot be read: that is told where the image is listed."""
    try:
        root = read_xml(folder, name)
        return _Annotated(_size(root), tuple(map(_object, root.findall("object"))))
    except (Unreadable, ValidationError) as error:
        why = reason(error) if isinstance(error, ValidationError) else str(error)
        return Unreadable(f"{name}: {why}")


def _size(root: Element) -> Size | None:
    """Some tools write 0 where they do not know it."""
    size = root.find("size")
    if size is None:
        return None
    width, height = (int(number(text(size, side), side)) for side in ("width", "height"))
    return Size(width, height) if width and height else None


def _object(told: Element) -> Object:
    """The corners may come in any order, and have fractions."""
    corners = told.find("bndbox")
    name = text(told, "name")
    if corners is None or not name:
        raise Unreadable("an object in it has no name or no bndbox")
    x0, y0, x1, y1 = (number(text(corners, corner), corner) for corner in _CORNERS)
    return Object(Box(label=name, x0=x0 - 1, y0=y0 - 1, x1=x1, y1=y1))


def _by_stem(names: list[str]) -> dict[str, str]:
    return {PurePosixPath(name).stem: name for name in names}


SOURCE = Source(
    name="pascal_voc",
    about="PASCAL VOC's layout: objects with boxes, an XML file for each image",
    read=_read,
    marks=("**/ImageSets/Main/*.txt", _XML),
    licence="a layout; VOC's own images are under Flickr's terms of use",
    witnesses=(
        "http://host.robots.ox.ac.uk:8080/pascal/VOC/voc2007/htmldoc/",
        "https://github.com/pytorch/vision/blob/00654a114200962bfa1f056fb137cd69eeb85f7b/"
        "torchvision/datasets/voc.py",
        "https://github.com/facebookresearch/detectron2/blob/"
        "0a07b6bf895639a35a223fc2027216b105525971/detectron2/data/datasets/pascal_voc.py",
    ),
)
