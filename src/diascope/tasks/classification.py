"""Classification: one of the question's own options, scored by balanced accuracy.

Balanced accuracy is the mean recall over the true options that occur, pooled over the cases; an
invalid reply is wrong for its true option. Baseline: the most frequent option.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from diascope.answers import Answer, Choice
from diascope.codecs.choice import ChoiceCodec
from diascope.codecs.dialect import Dialect
from diascope.expectations import Options
from diascope.geometry import CanvasMap
from diascope.metrics import classification as metric
from diascope.metrics.sums import Array, Row, Sums
from diascope.records import Case, Turn
from diascope.tasks._baselines import most_frequent
from diascope.tasks._prompts import with_options
from diascope.tasks.task import Task, asked, truth


def _prompt(turn: Turn, dialect: Dialect) -> str:
    return with_options(turn.question, asked(turn, Options))


def _codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> ChoiceCodec:
    expects = asked(turn, Options)
    return ChoiceCodec(expects.options, expects.style)


def _measure(case: Case, answer: Answer | None) -> Row:
    reply = answer.option if isinstance(answer, Choice) else None
    return metric.row(truth(case, Choice).option, reply)


def _summarise(sums: Sums) -> dict[str, Array]:
    return {
        "balanced_accuracy": metric.balanced_accuracy(sums),
        "accuracy": metric.accuracy(sums),
    }


def _chance(cases: Sequence[Case]) -> float | None:
    """Mean over the true options of the mean of 1 / number of options."""
    shares: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        share = 1 / len(asked(case.turn, Options).options)
        shares[truth(case, Choice).option].append(share)
    return float(np.mean([np.mean(each) for each in shares.values()])) if shares else None


TASK = Task(
    name="classification",
    accepts=(Options,),
    prompt=_prompt,
    codec=_codec,
    measure=_measure,
    summarise_sums=_summarise,
    primary="balanced_accuracy",
    baseline=most_frequent,
    chance=_chance,
)
