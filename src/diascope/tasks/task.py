"""What a task owns: its question, its codec per dialect, its metric, its baseline and chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from diascope.answers import Answer
from diascope.codecs.codec import Codec
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import CanvasMap
from diascope.metrics.sums import Array, Row, Sums
from diascope.records import Case, Turn

Predictor = Callable[[Case], Answer]
A = TypeVar("A")


def no_closed_form(cases: Sequence[Case]) -> None:
    """Chance where a random legal reply has no closed form worth stating."""


def identity(answer: Answer) -> Answer:
    """The answer as it is: for a task whose answers have no order to choose."""
    return answer


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of question; a value that any module of `diascope.tasks` exports as TASK."""

    name: str
    accepts: tuple[type, ...]
    """The kinds of expectation that a turn of this task may have."""
    prompt: Callable[[Turn, Dialect], str]
    """The words put to the model, without context texts, which a family's renderer adds."""
    codec: Callable[[Turn, Dialect, CanvasMap], Codec[Any]]
    """The text format of the answer."""
    measure: Callable[[Case, Answer | None], Row]
    """A case's row of sufficient statistics; None is an invalid reply, scored as the worst case."""
    summarise_sums: Callable[[Sums], dict[str, Array]]
    """The metrics, as pure functions of weighted sums of rows; nan where undefined."""
    primary: str
    """The name of the metric that ranks models."""
    higher_is_better: bool = True
    baseline: Callable[[Sequence[Case]], Predictor]
    """Fits the trivial predictor on training cases; it looks at no image."""
    chance: Callable[[Sequence[Case]], float | None] = no_closed_form
    """Expected primary metric of a uniformly random legal reply; None without a closed form."""
    order: Callable[[Answer], Answer] = identity
    """Puts objects into the order in which they are written, before encoding."""

    def summarise(self, rows: Sequence[Row], weights: Array | None = None) -> dict[str, Any]:
        """Metrics of weighted rows: floats for weights [n] or None, arrays [b] for weights [b, n].

        A point value, a subgroup and a bootstrap resample differ in nothing but the weights.
        """
        sums = weigh(rows, np.ones(len(rows)) if weights is None else weights)
        metrics = self.summarise_sums(sums)
        return {name: value if np.ndim(value) else float(value) for name, value in metrics.items()}


def weigh(rows: Sequence[Row], weights: Array) -> Sums:
    """Every column's weighted sum over the rows, of the shape of `weights` less its last axis."""
    if not rows:
        raise ValueError("no rows to summarise")
    names = sorted({name for row in rows for name in row})
    place = {name: position for position, name in enumerate(names)}
    matrix = np.zeros((len(rows), len(names)))
    for position, row in enumerate(rows):
        for name, value in row.items():
            matrix[position, place[name]] = value
    sums = np.moveaxis(np.asarray(weights, dtype=np.float64) @ matrix, -1, 0)
    return dict(zip(names, sums, strict=True))


def asked(turn: Turn, kind: type[A]) -> A:
    """The turn's expectation, which must be of this kind; InputError otherwise."""
    if not isinstance(turn.expects, kind):
        raise InputError(
            f"a {turn.task} turn expects {kind.__name__}, not {type(turn.expects).__name__}: "
            f"mend `expects` of the question {turn.question!r}"
        )
    return turn.expects


def truth(case: Case, kind: type[A]) -> A:
    """The case's true answer, which must be of this kind; InputError otherwise."""
    if not isinstance(case.truth, kind):
        raise InputError(
            f"{case.id}: the answer of this {case.turn.task} turn is {type(case.truth).__name__}, "
            f"not {kind.__name__}: mend its `answer`"
        )
    return case.truth
