"""Report: free text or a findings list, scored by ROUGE-L.

Findings are measured on the text that their codec writes. An invalid reply is an empty text: 0 on
every measure, its missing length in BLEU included. Baseline: the most frequent report.
"""

from typing import Any

from diascope.answers import Answer, Findings, Text
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.codecs.findings import FindingsCodec
from diascope.codecs.free_text import FreeText
from diascope.expectations import FindingList, Free
from diascope.geometry import CanvasMap
from diascope.metrics import text as metric
from diascope.metrics.sums import Row
from diascope.records import Case, Turn
from diascope.tasks._baselines import most_frequent
from diascope.tasks._prompts import with_names
from diascope.tasks.task import Task, asked, truth


def _prompt(turn: Turn, dialect: Dialect) -> str:
    if isinstance(turn.expects, FindingList):
        return with_names(turn.question, "findings", turn.expects.names)
    return turn.question


def _codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    if isinstance(turn.expects, FindingList):
        return FindingsCodec(turn.expects.names)
    return FreeText(asked(turn, Free).max_chars)


def _measure(case: Case, answer: Answer | None) -> Row:
    if isinstance(case.turn.expects, FindingList):
        write = FindingsCodec(case.turn.expects.names).encode
        said = write(answer) if isinstance(answer, Findings) else None
        return metric.row(write(truth(case, Findings)), said)
    said = answer.text if isinstance(answer, Text) else None
    return metric.row(truth(case, Text).text, said)


TASK = Task(
    name="report",
    accepts=(Free, FindingList),
    prompt=_prompt,
    codec=_codec,
    measure=_measure,
    summarise_sums=metric.summary,
    primary="rouge_l",
    baseline=most_frequent,
)
