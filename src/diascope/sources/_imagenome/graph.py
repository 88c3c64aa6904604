"""A scene graph: the box of each region, and what the sentences of the report say of it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from diascope.answers import Box
from diascope.geometry import Rect, Size, intersect
from diascope.sources import turns
from diascope.sources.folder import Unreadable, number

CORNERS = ("original_x1", "original_y1", "original_x2", "original_y2")
"""In pixels of the JPEG file of MIMIC-CXR-JPG, the last two exclusive."""
REGIONS = (
    "right lung",
    "right upper lung zone",
    "right mid lung zone",
    "right lower lung zone",
    "right hilar structures",
    "right apical zone",
    "right costophrenic angle",
    "right hemidiaphragm",
    "left lung",
    "left upper lung zone",
    "left mid lung zone",
    "left lower lung zone",
    "left hilar structures",
    "left apical zone",
    "left costophrenic angle",
    "left hemidiaphragm",
    "trachea",
    "spine",
    "right clavicle",
    "left clavicle",
    "aortic arch",
    "mediastinum",
    "upper mediastinum",
    "svc",
    "cardiac silhouette",
    "cavoatrial junction",
    "right atrium",
    "carina",
    "abdomen",
)
"""The regions that sentences are asked in: those that nearly every image has a box of."""

Boxes = Mapping[str, Box]
"""The box of each region, by its name."""


class Attribute(NamedTuple):
    """kind|said|name; `said` is yes or no."""

    kind: str
    said: str
    name: str


class Said(NamedTuple):
    """What one sentence says of one region; `compares` is whether it speaks of another study."""

    region: str
    phrase: str
    attributes: tuple[Attribute, ...]
    compares: bool


def rect(drawn: Mapping[str, Any], where: str) -> Rect | None:
    """The corners of a region as they are told; None where there are none."""
    told = [drawn.get(corner) for corner in CORNERS]
    if None in told:
        return None
    x0, y0, x1, y1 = (number(str(side), f"a corner {where}") for side in told)
    return x0, y0, x1, y1


def inside(corners: Mapping[str, Rect | None], size: Size) -> Boxes:
    """The part of each box that is in the image, where there is any."""
    whole = (0.0, 0.0, float(size.width), float(size.height))
    cut = {region: intersect(each, whole) for region, each in corners.items() if each}
    return {
        region: Box(label=region, x0=x0, y0=y0, x1=x1, y1=y1)
        for region, (x0, y0, x1, y1) in cut.items()
        if x0 < x1 and y0 < y1
    }


def sentences(regions: Any) -> Iterator[Said]:
    """Every sentence of every region; what is said of places that are never boxed is left out."""
    for each in regions:
        parallel = each["phrases"], each["attributes"], each["comparison_cues"]
        if len({len(column) for column in parallel}) > 1:
            raise Unreadable("a region has not as many attributes or cues as phrases")
        for phrase, attributes, cues in zip(*parallel, strict=True):
            if each["bbox_name"] in REGIONS:
                read = tuple(map(_attribute, attributes))
                yield Said(each["bbox_name"], " ".join(phrase.split()), read, bool(cues))


def _attribute(text: str) -> Attribute:
    kind, _, rest = text.partition("|")
    said, _, name = rest.partition("|")
    if said not in turns.YES_NO or not name:
        raise Unreadable("an attribute is not of the form kind|yes|name or kind|no|name")
    return Attribute(kind, said, name)
