"""What the small open sets share that come as `images/` and one file of JSON lines.

Boxes in them are x, y, width and height in pixels of the image beside them.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from diascope.answers import Box
from diascope.geometry import Size
from diascope.records import Image, Record
from diascope.sources._objects import image_of_size
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem

ANNOTATIONS = "annotations.jsonl"
Row = dict[str, Any]
Make = Callable[[Folder, Row], Iterable[Record]]


def read_rows(root: Path, make: Make, file: str = ANNOTATIONS) -> Iterator[Record | Problem]:
    """What `make` makes of every line of the file."""
    folder = Folder(root)
    for number, row in folder.json_lines(file):
        yield from folder.records(file, number, _made, make, folder, row)


def box_of(label: str, corners: Iterable[float]) -> Box:
    """A box of x, y, width and height."""
    x, y, width, height = map(float, corners)
    return Box(label=label, x0=x, y0=y, x1=x + width, y1=y + height)


def image_of(folder: Folder, row: Row, **facts: Any) -> Image:
    """The image of a row that tells its size; in a copy of another size boxes lie elsewhere."""
    return image_of_size(folder, row["image"], Size(row["width"], row["height"]), **facts)


def _made(make: Make, folder: Folder, row: Row | None) -> Iterable[Record]:
    if row is None:
        raise Unreadable("the line is no JSON object")
    return make(folder, row)
