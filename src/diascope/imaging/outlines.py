"""From a binary mask to the polygons round its regions.

A pixel is a unit square, so an outline runs along pixel edges and encloses exactly its region:
regions are 4-connected, holes are filled. Vertices are the corners alone, in pixels of the mask
(x right, y down), clockwise on the screen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Outline = tuple[tuple[float, float], ...]
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def outlines(mask: NDArray[np.bool_], least: int = 1) -> tuple[Outline, ...]:
    """The outline of every region of a [height, width] mask of `least` pixels or more.

    The largest region comes first; of two that are as large, the one met first in reading order.
    """
    regions, _ = ndimage.label(mask)
    sizes = np.bincount(regions.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")
    boxes = ndimage.find_objects(regions)
    return tuple(
        _moved(_traced(ndimage.binary_fill_holes(regions[boxes[at]] == at + 1)), boxes[at])
        for at in order
        if sizes[at] >= least
    )


def numbered_outlines(numbers: NDArray[np.integer[Any]]) -> dict[int, tuple[Outline, ...]]:
    """The outlines of every number above 0 in a [height, width] map of objects."""
    boxes = enumerate(ndimage.find_objects(numbers), start=1)
    return {
        number: tuple(_moved(each, box) for each in outlines(numbers[box] == number))
        for number, box in boxes
        if box is not None
    }


def _moved(outline: Outline, box: tuple[slice, ...]) -> Outline:
    down, across = box[0].start, box[1].start
    return tuple((x + across, y + down) for x, y in outline)


def _traced(region: NDArray[np.bool_]) -> Outline:
    """Follows the edge of one region without holes, the region on the right-hand side."""
    inside = np.pad(region, 1)
    x = start = int(np.argmax(region[0]))
    y, heading, corners = 0, 0, [(float(start), 0.0)]
    while True:
        x, y = x + _STEPS[heading][0], y + _STEPS[heading][1]
        if (x, y) == (start, 0):
            return tuple(corners)
        turned = _turned(inside, x, y, heading)
        if turned != heading:
            corners.append((float(x), float(y)))
            heading = turned


def _turned(inside: NDArray[np.bool_], x: int, y: int, heading: int) -> int:
    """Where the edge goes on from a corner: right where the region ends, left where it bulges.

    At a corner where two pixels touch, the edge turns right: regions are 4-connected.
    """
    right = _ahead(inside, x, y, heading, _STEPS[(heading + 1) % 4])
    left = _ahead(inside, x, y, heading, _STEPS[(heading - 1) % 4])
    if not right:
        return (heading + 1) % 4
    return (heading - 1) % 4 if left else heading


def _ahead(inside: NDArray[np.bool_], x: int, y: int, heading: int, side: tuple[int, int]) -> bool:
    """Whether the pixel ahead of a corner, on one side of the way, is in the region."""
    across = x + (_STEPS[heading][0] + side[0] - 1) // 2
    down = y + (_STEPS[heading][1] + side[1] - 1) // 2
    return bool(inside[down + 1, across + 1])
