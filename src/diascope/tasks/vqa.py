"""Visual question answering: options, a number or words, scored by exact match.

Two answers match when their words are equal in lower case, spaces collapsed, without a full stop at
the end; a number is written as its codec writes it. An invalid reply matches nothing. Baseline:
the most frequent answer to the same question.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from diascope.answers import Answer, Choice, Number, Text
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.expectations import Free, Options, Range
from diascope.geometry import CanvasMap
from diascope.metrics import text as metric
from diascope.metrics.sums import Array, Row, Sums, mean, ratio
from diascope.records import Case, Turn
from diascope.tasks._baselines import QUESTION_GROUPS, most_frequent
from diascope.tasks._numbers import range_codec
from diascope.tasks.classification import TASK as CLASSIFICATION
from diascope.tasks.regression import TASK as REGRESSION
from diascope.tasks.report import TASK as REPORT
from diascope.tasks.task import Predictor, Task


def _like(turn: Turn) -> Task:
    """The task that asks and answers in the same way."""
    match turn.expects:
        case Options():
            return CLASSIFICATION
        case Range():
            return REGRESSION
        case _:
            return REPORT


def _prompt(turn: Turn, dialect: Dialect) -> str:
    return _like(turn).prompt(turn, dialect)


def _codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    return _like(turn).codec(turn, dialect, canvas)


def _measure(case: Case, answer: Answer | None) -> Row:
    known = _words(case.turn, case.truth)
    if known is None:
        raise InputError(f"{case.id}: an answer of kind {case.truth.kind!r} does not fit the turn")
    row = metric.row(known, _words(case.turn, answer))
    hit, closed = row["exact_match"], float(isinstance(case.turn.expects, Options))
    kept = {"n": 1.0, "hits": hit, "token_f1": row["token_f1"]}
    return kept | {"closed": closed, "closed_hits": closed * hit}


def _words(turn: Turn, answer: Answer | None) -> str | None:
    match turn.expects, answer:
        case Options(), Choice(option=words):
            return words
        case Free(), Text(text=words):
            return words
        case Range() as span, Number() as number:
            return range_codec(span).encode(number)
    return None


def _summarise(sums: Sums) -> dict[str, Array]:
    open_hits, open_cases = sums["hits"] - sums["closed_hits"], sums["n"] - sums["closed"]
    return {
        "accuracy": mean(sums, "hits"),
        "accuracy_closed": ratio(sums["closed_hits"], sums["closed"]),
        "accuracy_open": ratio(open_hits, open_cases),
        "token_f1": mean(sums, "token_f1"),
    }


def _baseline(cases: Sequence[Case]) -> Predictor:
    return most_frequent(cases, QUESTION_GROUPS)


def _chance(cases: Sequence[Case]) -> float | None:
    counts = [
        len(case.turn.expects.options) for case in cases if isinstance(case.turn.expects, Options)
    ]
    return float(np.mean(1 / np.array(counts))) if counts and len(counts) == len(cases) else None


TASK = Task(
    name="vqa",
    accepts=(Options, Free, Range),
    prompt=_prompt,
    codec=_codec,
    measure=_measure,
    summarise_sums=_summarise,
    primary="accuracy",
    baseline=_baseline,
    chance=_chance,
)
