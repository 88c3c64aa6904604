"""Boxes and polygons of answers under an affine map of their picture.

A moved box is the upright box of what the picture shows of the moved rectangle. That is exact for a
rectangle; a round object fills less of it the more it is turned: at 5 degrees the true box of a
disc has an IoU of 0.85 with it. So pictures with boxes are not turned further (`augment_limits`).
Polygons are exact at every angle.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diascope.answers import Answer, Box, Boxes, Findings, Mask, Masks, Text
from diascope.geometry import Size
from diascope.imaging.affine import (
    Matrix,
    Points,
    apply,
    clip,
    keeps_picture,
    outline,
    polygon_area,
)


@dataclass(frozen=True, eq=False)
class Move:
    """An affine map of a picture onto itself, and the share of an object that makes it seen."""

    matrix: Matrix
    size: Size
    """Of the picture, pixels."""
    min_visible: float

    def answer(self, answer: Answer) -> Answer:
        """The answer that is true of the moved picture, without objects that are no longer seen."""
        match answer:
            case Boxes():
                return self.boxes(answer)
            case Masks():
                return self.masks(answer)
            case Text(evidence=Boxes() as evidence):
                return answer.model_copy(update={"evidence": self.boxes(evidence)})
            case Findings():
                return self._findings(answer)
            case _:
                return answer

    def boxes(self, boxes: Boxes) -> Boxes:
        """The boxes of those objects that are still seen."""
        moved = ((box, self._seen(outline(box.corners))) for box in boxes.boxes)
        return Boxes(boxes=tuple(_around(box, points) for box, points in moved if len(points)))

    def masks(self, masks: Masks) -> Masks:
        """The polygons of those regions that are still seen."""
        moved = ((mask, self._seen(np.array(mask.polygon))) for mask in masks.masks)
        return Masks(masks=tuple(_within(mask, points) for mask, points in moved if len(points)))

    def _findings(self, answer: Findings) -> Findings:
        findings = tuple(
            finding.model_copy(update={"evidence": self.boxes(finding.evidence)})
            if finding.evidence
            else finding
            for finding in answer.findings
        )
        return Findings(findings=findings)

    def _seen(self, points: Points) -> Points:
        """The part of the moved polygon inside the picture; no rows where too little of it is."""
        moved = apply(self.matrix, points)
        if self._keeps_picture or ((moved >= 0) & (moved <= self.size)).all():
            return moved  # kept pictures keep what annotators drew a little over the edge, too
        inside = clip(moved, self.size)
        if not len(inside):
            return inside
        area = polygon_area(inside)
        is_seen = area > 0 and area >= self.min_visible * polygon_area(moved)
        return inside if is_seen else inside[:0]

    @cached_property
    def _keeps_picture(self) -> bool:
        return keeps_picture(self.matrix, self.size)


def stays_true(before: Answer, after: Answer) -> bool:
    """Whether a moved answer still says what it said.

    A list of objects may lose some but not all, since its question may name one; evidence may lose
    none, since its words rest on it.
    """
    if isinstance(before, Boxes | Masks):
        return _counts(before) == (0,) or _counts(after) != (0,)
    return _counts(before) == _counts(after)


def has_boxes(answer: Answer | None) -> bool:
    """Whether the answer or what it rests on is boxes."""
    return answer is not None and not isinstance(answer, Masks) and any(_counts(answer))


def _counts(answer: Answer) -> tuple[int, ...]:
    """How many objects the answer has, or each of its pieces of evidence."""
    match answer:
        case Boxes():
            return (len(answer.boxes),)
        case Masks():
            return (len(answer.masks),)
        case Text(evidence=Boxes() as evidence):
            return (len(evidence.boxes),)
        case Findings():
            return tuple(len(one.evidence.boxes) for one in answer.findings if one.evidence)
        case _:
            return ()


def _around(box: Box, points: Points) -> Box:
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Box(label=box.label, x0=x0, y0=y0, x1=x1, y1=y1, score=box.score)


def _within(mask: Mask, points: Points) -> Mask:
    polygon = tuple((float(x), float(y)) for x, y in points)
    return Mask(label=mask.label, polygon=polygon, score=mask.score)
