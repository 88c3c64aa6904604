"""Segmentation: regions as polygons, scored by mean IoU.

A case's IoU is the mean over the labels that the truth or the reply has of the IoU of the unions of
their masks; an invalid reply has 0. Baseline: an ellipse in the mean extents of each usual label.
"""

from typing import Any

from diascope.answers import Answer, Masks
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.codecs.polygons_json import PolygonsJson
from diascope.codecs.polygons_loc import PolygonsLoc
from diascope.expectations import MaskSpace
from diascope.geometry import CanvasMap
from diascope.metrics.masks import mean_overlap
from diascope.metrics.sums import Array, Row, Sums, mean
from diascope.records import Case, Turn
from diascope.tasks._geometry import reading_order
from diascope.tasks._masks import mean_ellipse
from diascope.tasks._prompts import in_json, joined
from diascope.tasks.task import Task, asked, truth


def _prompt(turn: Turn, dialect: Dialect) -> str:
    labels = asked(turn, MaskSpace).labels
    if dialect.name == "loc":
        return joined("segment", labels)
    point = "[y, x]" if dialect.box_format.order == "yxyx" else "[x, y]"
    form = f'[{{"polygon": [{point}, ...], "label": "..."}}, ...]'
    return in_json(turn, labels, form, dialect.box_format)


def _codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    space = asked(turn, MaskSpace)
    if dialect.name == "loc":
        return PolygonsLoc(canvas, space.labels, space.limit, space.vertices)
    return PolygonsJson(canvas, space.labels, space.limit, space.vertices, dialect.box_format)


def _measure(case: Case, answer: Answer | None) -> Row:
    reply = answer.masks if isinstance(answer, Masks) else None
    labels = asked(case.turn, MaskSpace).labels
    both = mean_overlap(truth(case, Masks).masks, reply, labels, case.image.size)
    return {"n": 1.0, "iou": both.iou, "dice": both.dice}


def _summarise(sums: Sums) -> dict[str, Array]:
    return {"mean_iou": mean(sums, "iou"), "mean_dice": mean(sums, "dice")}


TASK = Task(
    name="segmentation",
    accepts=(MaskSpace,),
    prompt=_prompt,
    codec=_codec,
    measure=_measure,
    summarise_sums=_summarise,
    primary="mean_iou",
    baseline=mean_ellipse,
    order=reading_order,
)
