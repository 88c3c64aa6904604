"""coco: objects in the layout of COCO, with boxes and outlines.

    annotations/instances_train2017.json   annotations/image_info_test2017.json
    train2017/000000000009.jpg ... (or images/train2017/, or images/)

A record is one image: where its objects are, and their outlines if the set has any. The names are
those of `categories`, whose numbers have gaps. Boxes are x, y, width and height, from 0. An outline
is a list of polygons, or run lengths down the columns, as numbers or as text. A crowd (`iscrowd` 1)
is a region of many objects: it is asked for by itself, and boxes of its name are unknown. An image
without an annotation has no objects, but a file without `annotations` withholds them. The split is
the file's name up to its year, '' where it is none of train, val and test. `image_info_test-dev`
lists some of the test images again and is not read.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from diascope.answers import Box, Mask
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.records import Record
from diascope.sources._masks import regions
from diascope.sources._objects import (
    LEARNT,
    Object,
    World,
    image_of_size,
    limit,
    limit_if_any,
    lone,
    numbers,
    outline,
    questions,
)
from diascope.sources._rle import coco_mask
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_Item = dict[str, Any]
_FILES = ("annotations/instances_*.json", "annotations/image_info_test[0-9]*.json")
_NAME = re.compile(r"(?:instances|image_info)_(?P<part>(?P<split>train|val|test)?.*)")
_MOST_PIECES = 16
"""Of an outline in run lengths: what is beyond the largest of them are specks."""


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    files = [name for pattern in _FILES for name in folder.names(pattern)]
    if not files:
        raise InputError(f"{root}: none of {', '.join(_FILES)} is in it")
    parts = [_Part(folder, file) for file in files]
    world = _world(parts)
    for part in parts:
        yield from part.items(world)


def _world(parts: list["_Part"]) -> World:
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    learnt = [part for part in parts if part.split in LEARNT]
    return World(
        names=names,
        boxes=limit(max((part.most(_num_objects) for part in learnt), default=0)),
        outlines=limit_if_any(max((part.most(_num_outlines) for part in learnt), default=0)),
    )


class _Part:
    """One JSON file and the images that it lists."""

    def __init__(self, folder: Folder, file: str) -> None:
        self._folder, self._file = folder, file
        named = _NAME.fullmatch(PurePosixPath(file).stem)
        self._part, self.split = (named["part"], named["split"] or "") if named else ("", "")
        told = folder.json(file)
        self._images = _items(told, "images", file)
        self._names = _named(_items(told, "categories", file), file)
        self._uses = Counter(_number(item, "id") for item in self._images)
        self._is_withheld = isinstance(told, dict) and "annotations" not in told
        self._annotations: dict[int, list[_Item]] = defaultdict(list)
        for each in [] if self._is_withheld else _items(told, "annotations", file):
            self._annotations[_number(each, "image_id")].append(each)

    @property
    def names(self) -> Iterator[str]:
        """The categories in their order."""
        return (str(name) for name in self._names.values())

    def most(self, count: Callable[[_Item], int]) -> int:
        """The largest count over the annotations of an image."""
        return max((sum(map(count, told)) for told in self._annotations.values()), default=0)

    def items(self, world: World) -> Iterator[Record | Problem]:
        """A record for each image, and a problem for annotations of images that are not listed."""
        for number, item in enumerate(self._images, start=1):
            yield from self._folder.records(self._file, number, self._records, item, world)
        for image in sorted(self._annotations.keys() - self._uses.keys()):
            count = len(self._annotations[image])
            why = f"{count} annotations are of an image_id, {image}, that it does not list"
            yield Problem(file=self._file, reason=why)

    def _records(self, item: _Item, world: World) -> Iterator[Record]:
        size = Size(item["width"], item["height"])
        image = image_of_size(self._folder, self._place(str(item["file_name"])), size)
        number = _number(item, "id")
        if number < 0 or self._uses[number] > 1:
            raise Unreadable("its id is no whole number, or is another image's too")
        told = self._annotations.get(number, ())
        objects = None if self._is_withheld else [self._object(each, size) for each in told]
        yield lone("coco", image, self.split, questions(world, objects))

    def _place(self, name: str) -> str:
        """Where an image lies; the first of the places where it does not."""
        places = [f"{place}/{name}" for place in (self._part, f"images/{self._part}", "images")]
        return next(filter(self._folder.has, places), places[0])

    def _object(self, told: _Item, size: Size) -> Object:
        name = self._names.get(_number(told, "category_id"))
        if not isinstance(name, str):
            raise Unreadable("an annotation of it has a category_id that is not in categories")
        x, y, width, height = numbers(told["bbox"], "a bbox of it", 4)
        return Object(
            box=Box(label=name, x0=x, y0=y, x1=x + width, y1=y + height),
            masks=tuple(_masks(name, told.get("segmentation"), size)),
            is_crowd=bool(told.get("iscrowd")),
        )


def _masks(name: str, told: Any, size: Size) -> Iterable[Mask]:
    """One for each polygon, or for each region of a mask in run lengths."""
    if isinstance(told, dict):
        if numbers(told.get("size"), "the size of a mask of it") != [size.height, size.width]:
            raise Unreadable("a mask of it has another size than the image")
        return regions(name, coco_mask(_counts(told.get("counts")), size), _MOST_PIECES)
    if not isinstance(told or [], list):
        raise Unreadable("a segmentation of it is neither polygons nor run lengths")
    return (outline(name, _points(polygon)) for polygon in told or [])


def _points(told: Any) -> list[tuple[float, float]]:
    flat = numbers(told, "a polygon of it")
    if len(flat) % 2:
        raise Unreadable("a polygon of it has an odd number of coordinates")
    return list(zip(flat[::2], flat[1::2], strict=True))


def _counts(told: Any) -> str | list[int]:
    return told if isinstance(told, str) else [int(each) for each in numbers(told, "a mask of it")]


def _named(categories: list[_Item], file: str) -> dict[int, Any]:
    """The names by number; InputError where a category has none, or that of another."""
    found = {_number(each, "id"): each.get("name") for each in categories}
    if -1 in found or len(found) < len(categories):
        raise InputError(f"{file}: a category has no id, or that of another; give each its own")
    return found


def _num_objects(told: _Item) -> int:
    return int(not told.get("iscrowd"))


def _num_outlines(told: _Item) -> int:
    outlined = told.get("segmentation")
    if isinstance(outlined, dict):
        return _MOST_PIECES
    return len(outlined) if isinstance(outlined, list) else 0


def _number(told: _Item, key: str) -> int:
    """The number that stands for something in other lists; -1 where there is none."""
    found = told.get(key)
    return found if isinstance(found, int) else -1


def _items(told: Any, key: str, file: str) -> list[_Item]:
    """The objects in a list of the file."""
    items = told.get(key) if isinstance(told, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InputError(f"{file}: it has no list of {key}; export or copy it again")
    return items


SOURCE = Source(
    name="coco",
    about="COCO's layout: objects with boxes and outlines in JSON files of instances",
    read=_read,
    marks=("annotations/instances_*.json",),
    licence="a layout; COCO's own annotations are CC BY 4.0",
    witnesses=(
        "https://github.com/cocodataset/cocodataset.github.io/blob/"
        "287610a2355b457044518f155ff58a02b59c2e4a/dataset/format-data.htm",
        "https://github.com/cocodataset/cocoapi/blob/28dffd92a2f38db538cc1bcccdc2b76f03f8ee99/"
        "common/maskApi.c",
    ),
)
