"""yolo: objects with boxes or outlines in the layout of YOLO.

    data.yaml   images/{train,val,test}/p01.png   labels/{train,val,test}/p01.txt
    data.yaml   {train,valid,test}/images/p01.jpg   {train,valid,test}/labels/p01.txt

A record is one image: where its objects are, and their outlines if the set has any. Every data.yaml
below the folder is a set of its own. It gives the names (by number, or in order) and for each split
a folder, a list of images, or several. Places in it are often those of another machine, so that
`path` and leading `..` are left out where they lead nowhere. The labels of an image lie at its own
place with the last `images` replaced by `labels`. A row is a number and, in shares of the image's
width and height, a centre and a size (a sixth column, a confidence, is left out) or a polygon.
A missing or empty file of labels is an image without objects, but where no image of `test` has one,
they are withheld. A row may be said twice; shares up to 1.01 are rounding errors and cut.
"""

from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from diascope.errors import InputError
from diascope.geometry import Size
from diascope.records import Record
from diascope.sources._objects import (
    LEARNT,
    Object,
    World,
    around,
    limit,
    limit_if_any,
    lone,
    outline,
    questions,
)
from diascope.sources.folder import Folder, Unreadable, number
from diascope.sources.source import Problem, Source

Point = tuple[float, float]
_SPLITS = ("train", "val", "test")
_PICTURES = (".bmp", ".dcm", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_CLASSES = "classes.txt"
"""Tools write the names beside the labels; they are those of data.yaml again."""
_BEYOND = 0.01
_BOX_COLUMNS = (5, 6)


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    files = folder.names("**/data.yaml")
    if not files:
        raise InputError(f"{root}: no data.yaml is in it")
    for file in files:
        yield from _Set(folder, file).items()


class _Listed(NamedTuple):
    """An image, its split, and what lists it."""

    image: str
    split: str
    file: str
    row: int | None = None


class _Set:
    """One data.yaml and the images that it lists."""

    def __init__(self, folder: Folder, file: str) -> None:
        self._folder, self._file = folder, file
        self._place = PurePosixPath(file).parent
        self._told = _told(folder, file)
        self._names = _names(self._told.get("names"), file)

    def items(self) -> Iterator[Record | Problem]:
        """A record for each image, and a problem for what is listed and missing."""
        listed: list[_Listed] = []
        for split in _SPLITS:
            for place in _places(self._told.get(split)):
                try:
                    listed += self._listed(split, place)
                except (Unreadable, InputError) as error:
                    yield Problem(file=self._file, reason=f"{split}: {error}")
        world = self._world(listed)
        yield from self._strays(listed)
        is_told = any(each.split == "test" and self._is_labelled(each.image) for each in listed)
        for each in listed:
            hides = each.split == "test" and not is_told
            yield from self._folder.records(each.file, each.row, self._records, each, world, hides)

    def _strays(self, listed: Sequence[_Listed]) -> Iterator[Problem]:
        """The labels beside those of the images that are of no image in a split."""
        used = {_labels_of(each.image) for each in listed if self._is_inside(each.image)}
        places = sorted({str(PurePosixPath(name).parent) for name in used})
        for place in filter(self._folder.holds, places):
            own = used | {f"{place}/{_CLASSES}"}
            yield from self._folder.strays(
                f"{escape(place)}/*.txt", own, f"no image in a split of {self._file} has it"
            )

    def _listed(self, split: str, told: str) -> Iterator[_Listed]:
        """The images in a folder, or those that a list names, from where the list lies."""
        place = self._found(told)
        if not self._folder.has(place):
            names = self._folder.names(f"{escape(place)}/**/*")
            pictures = [name for name in names if PurePosixPath(name).suffix.lower() in _PICTURES]
            if not pictures:
                raise Unreadable(f"there is no picture in {told!r}")
            return iter([_Listed(name, split, name) for name in pictures])
        lines = self._folder.text(place).splitlines()
        beside = PurePosixPath(place).parent
        return (
            _Listed(str(beside / line.strip()), split, place, row)
            for row, line in enumerate(lines, start=1)
            if line.strip()
        )

    def _found(self, told: str) -> str:
        """Where a split lies in the set's folder; Unreadable where there is no such place."""
        for base in (str(self._told.get("path") or ""), ""):
            place = str(self._place / _inward(base) / _inward(told))
            if self._folder.holds(place):
                return place
        raise Unreadable(f"{told!r} is missing")

    def _world(self, listed: Sequence[_Listed]) -> World:
        learnt = [each.image for each in listed if each.split in LEARNT]
        rows = [self._rows(image) for image in learnt if self._is_labelled(image)]
        drawn = (sum(len(row) not in _BOX_COLUMNS for row in told) for told in rows)
        return World(
            names=tuple(self._names.values()),
            boxes=limit(max(map(len, rows), default=0)),
            outlines=limit_if_any(max(drawn, default=0)),
        )

    def _records(self, listed: _Listed, world: World, hides: bool) -> Iterator[Record]:
        image = self._folder.image(listed.image)
        rows = self._rows(image.path) if self._is_labelled(image.path) else []
        objects = None if hides else [self._object(row, image.size) for row in rows]
        yield lone("yolo", image, listed.split, questions(world, objects))

    def _is_labelled(self, image: str) -> bool:
        """Whether there is a file of labels for an image in the folder."""
        return self._is_inside(image) and self._folder.has(_labels_of(image))

    @staticmethod
    def _is_inside(image: str) -> bool:
        return not {"..", "/"} & set(PurePosixPath(image).parts)

    def _rows(self, image: str) -> list[list[str]]:
        """The columns of each row of an image's labels, each row once."""
        text = self._folder.text(_labels_of(image))
        return [line.split() for line in dict.fromkeys(text.splitlines()) if line.strip()]

    def _object(self, row: Sequence[str], size: Size) -> Object:
        numbers = [number(cell, "a label of it") for cell in row]
        name = self._names.get(int(numbers[0]))
        if name is None:
            raise Unreadable(f"class {row[0][:9]} is not among the names of {self._file}")
        if len(row) in _BOX_COLUMNS:
            x, y, width, height = numbers[1:5]
            corners = [(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)]
            return Object(around(name, _placed(corners, size)))
        if len(row) < 7 or len(row) % 2 == 0:
            raise Unreadable(f"a label of it has {len(row)} columns: neither a box nor a polygon")
        points = _placed(list(zip(numbers[1::2], numbers[2::2], strict=True)), size)
        return Object(around(name, points), (outline(name, points),))


def _placed(shares: Sequence[Point], size: Size) -> list[Point]:
    """Shares of the width and height as pixels, cut where a rounding error leaves the image."""
    if not all(-_BEYOND <= share <= 1 + _BEYOND for point in shares for share in point):
        raise Unreadable("a label of it leaves the image")
    return [
        (min(max(x, 0.0), 1.0) * size.width, min(max(y, 0.0), 1.0) * size.height) for x, y in shares
    ]


def _labels_of(image: str) -> str:
    """The file of labels: the last folder `images` is `labels`, and the last suffix txt."""
    before, found, after = f"/{image}".rpartition("/images/")
    place = f"{before}/labels/{after}" if found else f"/{image}"
    return str(PurePosixPath(place[1:]).with_suffix(".txt"))


def _inward(place: str) -> PurePosixPath:
    """A place without what leads out of the folder that it is taken from."""
    parts = PurePosixPath(place.replace("\\", "/")).parts
    return PurePosixPath(*(part for part in parts if part not in ("..", "/")))


def _told(folder: Folder, file: str) -> dict[str, Any]:
    """What a data.yaml says; InputError where it is none, or of a set that is not read."""
    import yaml  # type: ignore[import-untyped]

    try:
        told = yaml.safe_load(folder.text(file))
    except (yaml.YAMLError, ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise InputError(f"{file}: it is no YAML with names and splits; export it again")
    if "kpt_shape" in told:
        raise InputError(f"{file}: it is of key points, which are not read; export boxes")
    return told


def _names(told: Any, file: str) -> dict[int, str]:
    """The names by number: a mapping, or a list in order."""
    if isinstance(told, list):
        return dict(enumerate(map(str, told)))
    if not isinstance(told, dict) or not all(isinstance(key, int) for key in told):
        raise InputError(f"{file}: its names are neither a list nor numbered; name every class")
    return {key: str(name) for key, name in told.items()}


def _places(told: Any) -> list[str]:
    """A split's place, or several; none where it is empty."""
    return [str(place) for place in (told if isinstance(told, list) else [told]) if place]


SOURCE = Source(
    name="yolo",
    about="YOLO's layout: objects with boxes or outlines, a text file for each image",
    read=_read,
    marks=("**/data.yaml",),
    licence="a layout",
    witnesses=(
        "https://github.com/ultralytics/ultralytics/blob/"
        "00bfe3459a05b6c36026fb7689fc73c818da1cd1/ultralytics/data/utils.py",
        "https://roboflow.com/formats/yolo",
        "https://docs.cvat.ai/docs/dataset_management/formats/format-yolo-ultralytics",
    ),
)
