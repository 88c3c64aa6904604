"""labelme: shapes drawn with LabelMe, and flags of whole images.

    data_annotated/p01.json   data_annotated/p01.jpg (or wherever imagePath points)   labels.txt

A record is one image: where its objects are, their outlines if the set has any, and which flags it
has. A rectangle is two opposite corners in any order, a circle its centre and a point of its rim;
both are boxes and no outlines. A polygon (also a shape that does not tell its type) and a `mask`
are outlines; the corners of a mask are inclusive. Shapes of one label and one `group_id` are one
object. Points and lines have no area and are not asked for. A file with flags and no shapes was not
searched for objects; one with neither has none. Names are those of labels.txt where there is one,
else those of all files; words such as __ignore__ are the tool's own. There are no splits. A picture
that lies only in `imageData` has to be saved to a file first.
"""

import binascii
import math
from base64 import b64decode
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, FiniteFloat, ValidationError

from diascope.answers import Mask, Status
from diascope.errors import InputError, nearest
from diascope.geometry import Size
from diascope.imaging.decode import decode
from diascope.recordindex import reason
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._masks import Pixels, regions
from diascope.sources._objects import (
    Object,
    World,
    around,
    image_of_size,
    limit,
    limit_if_any,
    lone,
    outline,
    questions,
)
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

Coordinate = Annotated[FiniteFloat, Field(ge=-1e9, le=1e9)]
Point = tuple[float, float]
_JSON = "**/*.json"
_NAMES = "labels.txt"
_AREAS = ("polygon", "rectangle", "circle", "mask")
_NO_AREAS = ("point", "points", "line", "linestrip")
_MOST_PIECES = 16
"""Of a mask: what is beyond the largest of them are specks."""


class _Shape(BaseModel):
    label: str
    points: list[tuple[Coordinate, Coordinate]]
    shape_type: str | None = None
    group_id: int | None = None
    mask: str | None = None

    @property
    def kind(self) -> str:
        return self.shape_type or "polygon"


class _Document(BaseModel):
    """What is used of a file: the picture in it, which may be large, is not kept."""

    shapes: list[_Shape]
    image: str = Field(alias="imagePath")
    flags: dict[str, bool] | None = None
    width: int | None = Field(None, alias="imageWidth")
    height: int | None = Field(None, alias="imageHeight")
    holds_picture: Annotated[bool, BeforeValidator(bool)] = Field(False, alias="imageData")

    @property
    def areas(self) -> list[_Shape]:
        return [shape for shape in self.shapes if shape.kind not in _NO_AREAS]

    @property
    def labels(self) -> dict[str, bool]:
        """The flags that are labels."""
        return {name: is_set for name, is_set in (self.flags or {}).items() if _is_name(name)}


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    files = {name: _document(folder, name) for name in folder.names(_JSON)}
    if not files:
        raise InputError(f"{root}: no {_JSON} is in it")
    world = _world(folder, [each for each in files.values() if isinstance(each, _Document)])
    for name, told in files.items():
        yield from folder.records(name, None, _records, folder, name, told, world)


def _document(folder: Folder, name: str) -> _Document | Unreadable:
    """What a file says, or why it cannot be read."""
    try:
        return _Document.model_validate_json(folder.bytes(name))
    except ValidationError as error:
        return Unreadable(f"not of this layout: {reason(error)}")


def _world(folder: Folder, told: Sequence[_Document]) -> World:
    lines = folder.text(_NAMES).splitlines() if folder.has(_NAMES) else []
    drawn = {shape.label for each in told for shape in each.areas}
    without_area = {shape.label for each in told for shape in each.shapes} - drawn
    listed = [name for name in map(str.strip, lines) if _is_name(name)] or sorted(drawn)
    return World(
        names=tuple(name for name in listed if name not in without_area),
        boxes=limit(max((len(each.areas) for each in told), default=0)),
        outlines=limit_if_any(max((sum(map(_pieces, each.areas)) for each in told), default=0)),
    )


def _records(
    folder: Folder, name: str, told: _Document | Unreadable, world: World
) -> Iterator[Record]:
    if isinstance(told, Unreadable):
        raise told
    place = normpath(f"{PurePosixPath(name).parent}/{told.image}".replace("\\", "/"))
    if told.holds_picture and not folder.has(place):
        raise Unreadable(f"its picture is only in imageData; save it as {place!r}")
    size = Size(told.width, told.height) if told.width and told.height else folder.size(place)
    yield lone("labelme", image_of_size(folder, place, size), "", _turns(told, world))


def _turns(told: _Document, world: World) -> Iterator[Turn]:
    if told.labels:
        status: dict[str, Status] = {
            name: "present" if is_set else "absent" for name, is_set in told.labels.items()
        }
        yield turns.findings(status)
    if told.shapes or not told.labels:
        yield from questions(world, list(_objects(told, world)))


def _objects(told: _Document, world: World) -> Iterator[Object]:
    """Shapes of one label and group are one object; a shape without a group is one by itself."""
    groups: dict[Hashable, list[_Shape]] = defaultdict(list)
    for number, shape in enumerate(told.areas):
        if shape.label not in world.names:
            known = nearest(shape.label, world.names)
            raise Unreadable(f"{shape.label!r} is not in {_NAMES}{known}")
        alone = shape.group_id is None
        groups[number if alone else (shape.label, shape.group_id)].append(shape)
    for shapes in groups.values():
        corners = [corner for shape in shapes for corner in _corners(shape)]
        masks = tuple(mask for shape in shapes for mask in _masks(shape))
        outlined = all(map(_pieces, shapes))
        yield Object(around(shapes[0].label, corners), masks if outlined else ())


def _corners(shape: _Shape) -> list[Point]:
    """Points whose box is the shape's."""
    if shape.kind in ("circle", "rectangle", "mask") and len(shape.points) != 2:
        raise Unreadable(f"a {shape.kind} has {len(shape.points)} points, not 2")
    if shape.kind == "circle":
        (x, y), rim = shape.points
        radius = math.dist((x, y), rim)
        return [(x - radius, y - radius), (x + radius, y + radius)]
    if shape.kind == "mask":
        (x0, y0), (x1, y1) = _bounds(shape)
        return [(x0, y0), (x1 + 1, y1 + 1)]
    if shape.kind not in _AREAS:
        raise Unreadable(f"a shape_type {shape.kind!r}{nearest(shape.kind, _AREAS + _NO_AREAS)}")
    return shape.points


def _masks(shape: _Shape) -> Iterator[Mask]:
    if shape.kind == "polygon":
        yield outline(shape.label, shape.points)
    if shape.kind == "mask":
        left, top = _bounds(shape)[0]
        for mask in regions(shape.label, _cut_out(shape), _MOST_PIECES):
            yield outline(shape.label, [(x + left, y + top) for x, y in mask.polygon])


def _cut_out(shape: _Shape) -> Pixels:
    """The picture in a mask: the part of the image between its corners."""
    try:
        data = b64decode(shape.mask or "", validate=True)
    except binascii.Error:
        raise Unreadable("a mask is no base64") from None
    pixels: Pixels = decode(data, "a mask of it") > 0
    (x0, y0), (x1, y1) = _bounds(shape)
    if pixels.shape != (y1 - y0 + 1, x1 - x0 + 1):
        raise Unreadable("a mask has another size than its corners tell")
    return pixels


def _bounds(shape: _Shape) -> list[tuple[int, int]]:
    """The first and the last pixel of a mask."""
    (x0, y0), (x1, y1) = shape.points
    return [(int(min(x0, x1)), int(min(y0, y1))), (int(max(x0, x1)), int(max(y0, y1)))]


def _pieces(shape: _Shape) -> int:
    """How many outlines a shape may have."""
    return {"polygon": 1, "mask": _MOST_PIECES}.get(shape.kind, 0)


def _is_name(word: str) -> bool:
    """Whether it names something: words such as __ignore__ and _background_ do not."""
    return bool(word) and not (word.startswith("_") and word.endswith("_"))


SOURCE = Source(
    name="labelme",
    about="LabelMe's layout: shapes and flags, a JSON file for each image",
    read=_read,
    marks=(_NAMES, "data_annotated/*.json"),
    licence="a layout",
    witnesses=(
        "https://github.com/wkentaro/labelme/blob/00b2123d8d1550ce88e7edab4af9eee7181ec6e7/"
        "labelme/label_file.py",
        "https://github.com/wkentaro/labelme/blob/00b2123d8d1550ce88e7edab4af9eee7181ec6e7/"
        "labelme/utils/shape.py",
        "https://github.com/wkentaro/labelme/blob/61f5fee41843c9df299a2ef048bfb41623d119f7/"
        "examples/bbox_detection/data_annotated/2011_000003.json",
    ),
)
