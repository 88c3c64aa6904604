"""What the geometry tasks share: words, codecs and the order of objects."""

from typing import Any

from diascope.answers import Answer, Boxes, Mask, Masks, Point
from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.codecs.instances_json import InstancesJson
from diascope.codecs.instances_loc import InstancesLoc
from diascope.expectations import BoxSpace
from diascope.geometry import CanvasMap
from diascope.metrics import boxes as metric
from diascope.metrics.sums import Array, Row, Sums
from diascope.records import Case, Turn
from diascope.tasks._prompts import corners, in_json, joined
from diascope.tasks.task import asked, truth


def box_prompt(turn: Turn, dialect: Dialect) -> str:
    """`detect a ; b`, or the question and the JSON form of a list of labelled boxes."""
    space = asked(turn, BoxSpace)
    if dialect.name == "loc":
        return joined("detect", space.labels)
    format = space.format or dialect.box_format
    form = f'[{{"{dialect.box_key}": {corners(format)}, "label": "..."}}, ...]'
    return in_json(turn, space.labels, form, format)


def instance_prompt(turn: Turn, dialect: Dialect) -> str:
    """`instances a ; b`, or the question and the JSON form of a list of boxes per label."""
    space = asked(turn, BoxSpace)
    if dialect.name == "loc":
        return joined("instances", space.labels)
    format = space.format or dialect.box_format
    return in_json(turn, space.labels, f'{{"label": [{corners(format)}, ...], ...}}', format)


def box_codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    """A list of labelled boxes."""
    space = asked(turn, BoxSpace)
    if dialect.name == "loc":
        return BoxesLoc(canvas, space.labels, space.limit)
    format = space.format or dialect.box_format
    return BoxesJson(canvas, space.labels, space.limit, format, dialect.box_key)


def instance_codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    """A list of boxes per label."""
    space = asked(turn, BoxSpace)
    if dialect.name == "loc":
        return InstancesLoc(canvas, space.labels, space.limit)
    return InstancesJson(canvas, space.labels, space.limit, space.format or dialect.box_format)


def measure_boxes(case: Case, answer: Answer | None) -> Row:
    """Counts of matched boxes of one case."""
    reply = answer.boxes if isinstance(answer, Boxes) else None
    return metric.row(truth(case, Boxes).boxes, reply)


def summarise_boxes(sums: Sums) -> dict[str, Array]:
    """F1, precision and recall at IoU 0.5; F1 with greedy matching, and at IoU 0.3."""
    return {
        "f1_50": metric.f1_at_50(sums),
        "precision_50": metric.precision(sums),
        "recall_50": metric.recall(sums),
        "f1_50_greedy": metric.f1_of(sums, "tp_greedy"),
        "f1_30": metric.f1_of(sums, "tp_30"),
    }


def reading_order(answer: Answer) -> Answer:
    """Objects from top to bottom, then left to right; polygons start at their topmost vertex."""
    match answer:
        case Boxes():
            return Boxes(boxes=tuple(sorted(answer.boxes, key=lambda box: (box.y0, box.x0))))
        case Masks():
            masks = [mask.model_copy(update={"polygon": _from_top(mask)}) for mask in answer.masks]
            return Masks(masks=tuple(sorted(masks, key=lambda mask: mask.polygon[0][::-1])))
        case _:
            return answer


def _from_top(mask: Mask) -> tuple[Point, ...]:
    """The same polygon clockwise on the screen, from its topmost, then leftmost vertex."""
    turned = mask.polygon if mask.doubled_area >= 0 else mask.polygon[::-1]
    first = min(range(len(turned)), key=lambda i: turned[i][::-1])
    return turned[first:] + turned[:first]
