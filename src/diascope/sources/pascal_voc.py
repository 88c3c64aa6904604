"""pascal_voc: objects with boxes in the layout of PASCAL VOC.

    VOCdevkit/VOC2007/Annotations/000005.xml   VOCdevkit/VOC2007/JPEGImages/000005.jpg
    VOCdevkit/VOC2007/ImageSets/Main/{train,val,test,trainval}.txt
    VOCdevkit/VOC2007/SegmentationObject/000032.png

A record is one image: where its objects are, and their outlines if the set has any. Years may lie
beside each other, or one folder may be read alone. Pixels count from 1 and the far corner is
inclusive, so that 1 is taken from the near corner alone; `part` of an object has a box of its own
that is no object. An object that is `difficult` is one all the same, although the official score
leaves it out. An XML without an object is a negative; an image of `test` without an XML is asked
without an answer. `trainval` is train where neither list names the image; an XML in no list has no
split, and an image in none of both is no part of the set. Names are those of the training part. Few
images are outlined: the numbers in SegmentationObject are those of the objects in the XML, in order
from 1, and 255, the seam between them, is of none. SegmentationClass says the same without telling
objects apart and is not read.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np
from pydantic import ValidationError

from diascope.answers import Box, Mask
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.imaging.outlines import Outline, numbered_outlines
from diascope.recordindex import reason
from diascope.records import Record
from diascope.sources._masks import read_numbers
from diascope.sources._objects import (
    LEARNT,
    Object,
    World,
    image_of_size,
    limit,
    limit_if_any,
    lone,
    outline,
    questions,
)
from diascope.sources._xml import read_xml, text
from diascope.sources.folder import Folder, Unreadable, number
from diascope.sources.source import Problem, Source

_XML = "**/Annotations/*.xml"
_LISTS = {"train": "train", "val": "val", "test": "test", "trainval": "train"}
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_SEAM = 255
_MOST_PIECES = 16
"""Of an object: what is beyond the largest of them are specks."""


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
        yield from kit.strays()


def _world(learnt: list[tuple[Object, ...]]) -> World:
    names = {each.box.label for objects in learnt for each in objects}
    outlined = (sum(len(each.masks) for each in objects) for objects in learnt)
    return World(
        names=tuple(sorted(names)),
        boxes=limit(max(map(len, learnt), default=0)),
        outlines=limit_if_any(max(outlined, default=0)),
    )


class _Listed(NamedTuple):
    """An image's stem, its split, and the list that names it (or its own XML)."""

    stem: str
    split: str
    file: str
    row: int | None = None


class _Annotated(NamedTuple):
    """What an XML says: the sizes told of the image, by itself or its mask, and its objects."""

    sizes: tuple[Size, ...]
    objects: tuple[Object, ...]


class _Kit:
    """One year: its lists, its annotations and its images."""

    def __init__(self, folder: Folder, place: PurePosixPath, annotations: list[str]) -> None:
        self._folder, self._place = folder, place
        self._images = _by_stem(folder.names(f"{escape(str(place))}/JPEGImages/*"))
        self._masks = _by_stem(folder.names(f"{escape(str(place))}/SegmentationObject/*.png"))
        files = _by_stem(annotations)
        self._told = {
            stem: _annotated(folder, name, self._masks.get(stem)) for stem, name in files.items()
        }
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
        image = self._folder.image(name)
        for size in told.sizes if told else ():
            image = image_of_size(self._folder, name, size)
        asked = questions(world, told.objects if told else None)
        yield lone("pascal_voc", image, listed.split, asked)

    def strays(self) -> Iterator[Problem]:
        """The masks of images without an XML, whose numbers nobody knows."""
        for stem, name in self._masks.items():
            if stem not in self._told:
                yield Problem(file=name, reason=f"there is no Annotations/{stem}.xml")

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


def _annotated(folder: Folder, name: str, mask: str | None) -> _Annotated | Unreadable:
    """What the XML says, or why it cannot be read: that is told where the image is listed."""
    try:
        root = read_xml(folder, name)
        told = _Annotated(tuple(_sizes(root)), tuple(map(_object, root.findall("object"))))
        return _outlined(folder, told, mask) if mask else told
    except (Unreadable, ValidationError) as error:
        why = reason(error) if isinstance(error, ValidationError) else str(error)
        return Unreadable(f"{name}: {why}")


def _outlined(folder: Folder, told: _Annotated, mask: str) -> _Annotated:
    """The same with the outlines of the objects, in pieces where they are in pieces."""
    size = folder.size(mask)
    numbers = read_numbers(folder.path(mask)).astype(np.int32)
    numbers[numbers == _SEAM] = 0
    if numbers.max() > len(told.objects):
        raise Unreadable(f"{mask} has an object {numbers.max()}, it has {len(told.objects)}")
    pieces = numbered_outlines(numbers)
    objects = tuple(
        each._replace(masks=tuple(_masks(each.box.label, pieces.get(place, ()))))
        for place, each in enumerate(told.objects, start=1)
    )
    return _Annotated((*told.sizes, size), objects)


def _masks(name: str, pieces: Sequence[Outline]) -> Iterator[Mask]:
    return (outline(name, piece) for piece in pieces[:_MOST_PIECES])


def _sizes(root: Element) -> Iterator[Size]:
    """Some tools write 0 where they do not know it."""
    size = root.find("size")
    if size is not None:
        width, height = (int(number(text(size, side), side)) for side in ("width", "height"))
        if width and height:
            yield Size(width, height)


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
    about="PASCAL VOC's layout: objects with boxes and outlines, an XML file for each image",
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
