"""Multi-label classification: any subset of a label set, scored by example F1.

What is scored, and how uncertain and unknown labels count, is stated in `metrics.labels`; findings
are read as labels. Baseline: the most frequent label set.
"""

from typing import Any

from diascope.answers import Answer, Findings, Labels
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.codecs.findings import FindingsCodec
from diascope.codecs.label_set import LabelSetCodec
from diascope.expectations import FindingList, LabelSet
from diascope.geometry import CanvasMap
from diascope.metrics import labels as metric
from diascope.metrics.sums import Array, Row, Sums
from diascope.records import Case, Turn
from diascope.tasks._baselines import most_frequent
from diascope.tasks._prompts import with_names
from diascope.tasks.task import Task, asked, truth


def _names(turn: Turn) -> tuple[str, ...]:
    if isinstance(turn.expects, FindingList):
        return turn.expects.names
    return asked(turn, LabelSet).labels


def _prompt(turn: Turn, dialect: Dialect) -> str:
    return with_names(turn.question, "labels", _names(turn))


def _codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    if isinstance(turn.expects, FindingList):
        return FindingsCodec(turn.expects.names)
    expects = asked(turn, LabelSet)
    return LabelSetCodec(expects.labels, expects.none)


def _measure(case: Case, answer: Answer | None) -> Row:
    reply = metric.as_labels(answer) if isinstance(answer, Labels | Findings) else None
    return metric.row(_known(case), reply, _names(case.turn))


def _known(case: Case) -> Labels:
    """The truth as labels; a finding that a list of findings leaves out is absent."""
    if not isinstance(case.truth, Findings):
        return truth(case, Labels)
    listed = metric.as_labels(case.truth)
    named = {finding.name for finding in case.truth.findings}
    unlisted = tuple(name for name in _names(case.turn) if name not in named)
    return listed.model_copy(update={"absent": listed.absent + unlisted})


def _summarise(sums: Sums) -> dict[str, Array]:
    return {
        "example_f1": metric.mean_example_f1(sums),
        "micro_f1": metric.micro_f1(sums),
        "macro_f1": metric.macro_f1(sums),
    }


TASK = Task(
    name="multilabel",
    accepts=(LabelSet, FindingList),
    prompt=_prompt,
    codec=_codec,
    measure=_measure,
    summarise_sums=_summarise,
    primary="example_f1",
    baseline=most_frequent,
)
