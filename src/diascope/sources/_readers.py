"""What several readers drew in one image, made one: an object is there that enough of them drew."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from diascope.answers import Box
from diascope.geometry import iou

LEAST_OVERLAP = 0.5
"""Intersection over union from which on boxes of two readers are of one object."""


class Drawn(NamedTuple):
    """A box, and who drew it."""

    reader: str
    box: Box


def agreed(drawn: Sequence[Drawn], quorum: int) -> list[Box]:
    """The objects that at least `quorum` readers drew, each the mean of their boxes.

    Boxes join in falling order of overlap, each with one of the same label by another reader; an
    object has at most one box of each reader. The order in which boxes are given does not matter.
    """
    ordered = sorted(drawn, key=_order)
    objects = [{each.reader: place} for place, each in enumerate(ordered)]
    for _, one, other in sorted(_pairs(ordered)):
        if objects[one].keys().isdisjoint(objects[other]):
            joined = objects[one] | objects[other]
            for place in joined.values():
                objects[place] = joined
    whole = {min(each.values()): each for each in objects}
    return [
        _mean([ordered[place].box for place in whole[first].values()])
        for first in sorted(whole)
        if len(whole[first]) >= quorum
    ]


def _order(each: Drawn) -> tuple[str, tuple[float, ...], str]:
    return each.box.label, each.box.corners, each.reader


def _pairs(ordered: Sequence[Drawn]) -> Iterator[tuple[float, int, int]]:
    """Minus the overlap, and the places of two boxes that may be of one object."""
    for (place, one), (other_place, other) in combinations(enumerate(ordered), 2):
        if one.box.label == other.box.label:
            overlap = iou(one.box.corners, other.box.corners)
            if overlap >= LEAST_OVERLAP:
                yield -overlap, place, other_place


def _mean(boxes: Sequence[Box]) -> Box:
    sides = zip(*(box.corners for box in boxes), strict=True)
    x0, y0, x1, y1 = (sum(sorted(side)) / len(boxes) for side in sides)
    return Box(label=boxes[0].label, x0=x0, y0=y0, x1=x1, y1=y1)
