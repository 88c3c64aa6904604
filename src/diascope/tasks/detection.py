"""Detection: every object as a labelled box, scored by F1 at IoU 0.5.

Matching, thresholds and what an invalid reply costs are stated in `metrics.boxes`. Where the
question asks for boxes by class, one list per label is written. Baseline: the mean box of each
label that at least half of the training cases have.
"""

from typing import Any

from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace
from diascope.geometry import CanvasMap
from diascope.records import Turn
from diascope.tasks._boxes import mean_box
from diascope.tasks._geometry import (
    box_codec,
    box_prompt,
    instance_codec,
    instance_prompt,
    measure_boxes,
    reading_order,
    summarise_boxes,
)
from diascope.tasks.task import Task, asked


def _prompt(turn: Turn, dialect: Dialect) -> str:
    write = instance_prompt if asked(turn, BoxSpace).by_class else box_prompt
    return write(turn, dialect)


def _codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    make = instance_codec if asked(turn, BoxSpace).by_class else box_codec
    return make(turn, dialect, canvas)


TASK = Task(
    name="detection",
    accepts=(BoxSpace,),
    prompt=_prompt,
    codec=_codec,
    measure=measure_boxes,
    summarise_sums=summarise_boxes,
    primary="f1_50",
    baseline=mean_box,
    order=reading_order,
)
