"""Grounding: where the thing that the question names is, scored by mean IoU.

A case's IoU is that of the best one-to-one pairing of boxes over the larger number of boxes, so a
box too many or too few counts as 0; labels are not compared, because the question names the thing.
An invalid reply has IoU 0. Baseline: the mean box of cases with the same question.
"""

from collections.abc import Sequence

from diascope.answers import Answer, Boxes
from diascope.codecs.dialect import Dialect
from diascope.expectations import BoxSpace
from diascope.metrics.boxes import mean_iou
from diascope.metrics.sums import Array, Row, Sums, mean
from diascope.records import Case, Turn
from diascope.tasks._baselines import QUESTION_GROUPS
from diascope.tasks._boxes import mean_box
from diascope.tasks._geometry import box_codec, box_prompt, reading_order
from diascope.tasks.task import Predictor, Task, truth


def _prompt(turn: Turn, dialect: Dialect) -> str:
    return f"ground {turn.question}" if dialect.name == "loc" else box_prompt(turn, dialect)


def _measure(case: Case, answer: Answer | None) -> Row:
    reply = answer.boxes if isinstance(answer, Boxes) else None
    iou = mean_iou(truth(case, Boxes).boxes, reply)
    return {"n": 1.0, "iou": iou, "hits_50": float(iou >= 0.5)}


def _summarise(sums: Sums) -> dict[str, Array]:
    return {"mean_iou": mean(sums, "iou"), "accuracy_50": mean(sums, "hits_50")}


def _baseline(cases: Sequence[Case]) -> Predictor:
    return mean_box(cases, QUESTION_GROUPS)


TASK = Task(
    name="grounding",
    accepts=(BoxSpace,),
    prompt=_prompt,
    codec=box_codec,
    measure=_measure,
    summarise_sums=_summarise,
    primary="mean_iou",
    baseline=_baseline,
    order=reading_order,
)
