"""What the sets about COVID-19 ask of a mask that was drawn round what is ill."""

from collections.abc import Iterator

from diascope.answers import Box
from diascope.geometry import Size
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._masks import read_mask, regions
from diascope.sources.folder import Folder

_MOST = 16
"""Smaller regions than the sixteen largest are specks of the drawing."""


def infected(folder: Folder, mask: str, size: Size, what: str, label: str) -> Iterator[Turn]:
    """Every region of `what` outlined, and a box round each; a black mask says that none is there.

    Unreadable where the mask is missing, damaged, or of another size than its image.
    """
    found = regions(label, read_mask(folder, mask, size), _MOST)
    boxes = [_box(label, *region.bounds) for region in found]
    yield turns.outline(f"every {what}", (label,), found, _MOST)
    yield turns.find(what, (label,), boxes, _MOST)


def _box(label: str, x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)
