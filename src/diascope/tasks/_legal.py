"""What makes an answer one that its question does not allow."""

from collections.abc import Iterable

from diascope.answers import Answer, Boxes, Choice, Findings, Labels, Masks, Number, Text
from diascope.errors import nearest
from diascope.expectations import (
    BoxSpace,
    Expectation,
    FindingList,
    Free,
    LabelSet,
    MaskSpace,
    Options,
    Range,
)
from diascope.geometry import Rect, Size, intersect

TOLERANCE_PX = 1.0
"""How far outside its image a coordinate may lie: annotations are rounded in either direction."""


def answer_problems(answer: Answer, expects: Expectation, size: Size) -> list[str]:
    """Why the question does not allow the answer, one sentence each; empty when it does.

    `size` is that of the image in whose pixels the answer's geometry is measured.
    """
    match expects, answer:
        case Options(), Choice():
            found = _unknown("option", [answer.option], expects.options)
        case LabelSet(), Labels():
            found = _label_problems(answer, expects)
        case FindingList(), Findings():
            names = [finding.name for finding in answer.findings]
            found = _unknown("finding", names, expects.names)
        case Range(), Number():
            found = _number_problems(answer, expects)
        case BoxSpace(), Boxes():
            found = _box_problems(answer, expects, size)
        case MaskSpace(), Masks():
            found = _mask_problems(answer, expects, size)
        case Free(), Text():
            found = _text_problems(answer, expects)
        case _:
            found = [f"answer is of the kind {answer.kind!r}, but {expects.kind!r} is expected"]
    return found


def _unknown(what: str, names: Iterable[str], known: tuple[str, ...]) -> list[str]:
    unknown = dict.fromkeys(name for name in names if name not in known)
    return [f"unknown {what} {name!r}{nearest(name, known)}" for name in unknown]


def _label_problems(answer: Labels, expects: LabelSet) -> list[str]:
    named = (*answer.present, *answer.absent, *answer.uncertain)
    untold = [label for label in expects.labels if label not in named]
    left = [f"answer leaves labels unknown that are asked: {'; '.join(untold)}"] if untold else []
    return _unknown("label", named, expects.labels) + left


def _number_problems(answer: Number, expects: Range) -> list[str]:
    found = []
    if not expects.low <= answer.value <= expects.high:
        span = f"{expects.low:g} to {expects.high:g}"
        found.append(f"number {answer.value:g} is outside its range, {span}")
    if answer.unit and expects.unit and answer.unit != expects.unit:
        found.append(f"number is in {answer.unit!r}, but {expects.unit!r} is asked for")
    return found


def _box_problems(answer: Boxes, expects: BoxSpace, size: Size) -> list[str]:
    outside = [
        f"box {box.corners} is outside its image of {size.width} x {size.height}"
        for box in answer.boxes
        if not _inside((box.corners[:2], box.corners[2:]), size) or not _shown(box.corners, size)
    ]
    labels = _unknown("label", (box.label for box in answer.boxes), expects.labels)
    return labels + _too_many("boxes", len(answer.boxes), expects.limit) + outside


def _mask_problems(answer: Masks, expects: MaskSpace, size: Size) -> list[str]:
    outside = [
        f"polygon of {mask.label!r} is outside its image of {size.width} x {size.height}"
        for mask in answer.masks
        if not _inside(mask.polygon, size)
    ]
    outside += [f"polygon of {m.label!r} has no area" for m in answer.masks if not m.doubled_area]
    labels = _unknown("label", (mask.label for mask in answer.masks), expects.labels)
    return labels + _too_many("masks", len(answer.masks), expects.limit) + outside


def _text_problems(answer: Text, expects: Free) -> list[str]:
    if not answer.text.strip():
        return ["text is empty"]
    if len(answer.text) > expects.max_chars:
        return [f"text has {len(answer.text)} characters, more than {expects.max_chars}"]
    return []


def _too_many(what: str, count: int, limit: int) -> list[str]:
    return [f"{count} {what}, more than the limit of {limit}"] if count > limit else []


def _shown(corners: Rect, size: Size) -> bool:
    """Whether any of the box is in the image; one that only touches it would be written as none."""
    x0, y0, x1, y1 = intersect(corners, (0.0, 0.0, float(size.width), float(size.height)))
    return x1 > x0 and y1 > y0


def _inside(points: Iterable[tuple[float, float]], size: Size) -> bool:
    low, high = -TOLERANCE_PX, TOLERANCE_PX
    return all(low <= x <= size.width + high and low <= y <= size.height + high for x, y in points)
