"""Trivial predictors, fitted on training cases without a look at any image.

A predictor keeps what is typical of each group of training cases, from narrow groups to wide ones,
and answers a case from the narrowest group that gives a legal answer; where none does, from a
constant that is legal for the question.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from diascope.answers import (
    Answer,
    Boxes,
    Choice,
    Finding,
    Findings,
    Labels,
    Masks,
    Number,
    Text,
)
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
from diascope.metrics.sums import Array
from diascope.records import Case
from diascope.tasks._legal import answer_problems
from diascope.tasks.task import Predictor

T = TypeVar("T")
Group = Callable[[Case], Hashable]


def by_question(case: Case) -> Hashable:
    """Cases of one dataset with one question and one expectation."""
    return (case.record.dataset, case.turn.question, case.turn.expects)


def by_expectation(case: Case) -> Hashable:
    """Cases of one dataset with one expectation."""
    return (case.record.dataset, case.turn.expects)


def by_kind(case: Case) -> Hashable:
    """Cases with one kind of expectation."""
    return case.turn.expects.kind


GROUPS: tuple[Group, ...] = (by_expectation, by_kind)
QUESTION_GROUPS: tuple[Group, ...] = (by_question, *GROUPS)


def most_frequent(cases: Sequence[Case], groups: Sequence[Group] = GROUPS) -> Predictor:
    """The most frequent answer; among equals the one met first."""
    rankings = _fit(cases, groups, lambda group: Counter(map(_stated, group)).most_common())
    return _first_legal(lambda case: (answer for rank in rankings(case) for answer, _ in rank))


def median(cases: Sequence[Case], groups: Sequence[Group] = GROUPS) -> Predictor:
    """The median number, rounded to the decimals asked."""
    middles = _fit(cases, groups, lambda group: float(np.median([_value(c) for c in group])))
    return _first_legal(lambda case: (_number(case, middle) for middle in middles(case)))


def mean_extents(
    cases: Sequence[Case],
    groups: Sequence[Group],
    extents: Callable[[Answer], Iterable[tuple[str, Sequence[float]]]],
    draw: Callable[[Case, Mapping[str, Array]], Answer],
) -> Predictor:
    """Each usual label once, at the mean of its extents.

    `extents` names the label and the x0 y0 x1 y1 of each object of a true answer, `draw` makes an
    answer of mean extents. A label is usual when at least half of the cases have it; where none is,
    the most frequent one is taken.
    """

    def typical(group: Sequence[Case]) -> Mapping[str, Array]:
        places: dict[str, list[Array]] = defaultdict(list)
        seen: Counter[str] = Counter()
        for case in group:
            found = [(label, _relative(case, rect)) for label, rect in extents(case.truth)]
            seen.update({label for label, _ in found})
            for label, rect in found:
                places[label].append(rect)
        usual = [label for label in seen if 2 * seen[label] >= len(group)]
        kept = usual or [label for label, _ in seen.most_common(1)]
        return {label: np.mean(places[label], axis=0) for label in sorted(kept)}

    means = _fit(cases, groups, typical)
    return _first_legal(lambda case: (draw(case, _placed(case, mean)) for mean in means(case)))


def constant(expects: Expectation) -> Answer:
    """An answer that is legal whatever the training cases are: the first, the lowest, nothing."""
    answer: Answer
    match expects:
        case Options():
            answer = Choice(option=expects.options[0])
        case LabelSet():
            answer = Labels(absent=expects.labels)
        case FindingList():
            answer = _findings({}, expects)
        case Range():
            answer = Number(value=expects.low, unit=expects.unit)
        case BoxSpace():
            answer = Boxes()
        case MaskSpace():
            answer = Masks()
        case Free():
            answer = Text(text="none"[: expects.max_chars])
    return answer


def _fit(
    cases: Sequence[Case], groups: Sequence[Group], summary: Callable[[Sequence[Case]], T]
) -> Callable[[Case], list[T]]:
    """The summaries of the groups that a case falls in, narrowest first."""
    members: list[dict[Hashable, list[Case]]] = [defaultdict(list) for _ in groups]
    for case in cases:
        for group, found in zip(groups, members, strict=True):
            found[group(case)].append(case)
    fitted = [{key: summary(found) for key, found in each.items()} for each in members]

    def summaries(case: Case) -> list[T]:
        keyed = [(group(case), fits) for group, fits in zip(groups, fitted, strict=True)]
        return [fits[key] for key, fits in keyed if key in fits]

    return summaries


def _first_legal(candidates: Callable[[Case], Iterable[Answer]]) -> Predictor:
    def predict(case: Case) -> Answer:
        expects = case.turn.expects
        for answer in candidates(case):
            if not answer_problems(answer, expects, case.image.size):
                return answer
        return constant(expects)

    return predict


def _stated(case: Case) -> Answer:
    """The true answer with every label named: those that the truth leaves out become absent."""
    expects, answer = case.turn.expects, case.truth
    if isinstance(answer, Labels) and isinstance(expects, LabelSet):
        named = {*answer.present, *answer.uncertain}
        return Labels(
            present=tuple(label for label in expects.labels if label in answer.present),
            uncertain=tuple(label for label in expects.labels if label in answer.uncertain),
            absent=tuple(label for label in expects.labels if label not in named),
        )
    if isinstance(answer, Findings) and isinstance(expects, FindingList):
        return _findings({finding.name: finding for finding in answer.findings}, expects)
    if isinstance(answer, Text):
        return Text(text=answer.text)
    return answer


def _findings(known: Mapping[str, Finding], expects: FindingList) -> Findings:
    status = {name: finding.status for name, finding in known.items()}
    return Findings(
        findings=tuple(
            Finding(name=name, status=status.get(name, "absent")) for name in expects.names
        )
    )


def _value(case: Case) -> float:
    return case.truth.value if isinstance(case.truth, Number) else float("nan")


def _number(case: Case, value: float) -> Number:
    expects = case.turn.expects
    decimals = expects.decimals if isinstance(expects, Range) else 0
    unit = expects.unit if isinstance(expects, Range) else None
    return Number(value=round(value, decimals), unit=unit)


def _sides(case: Case) -> Array:
    return np.array([*case.image.size, *case.image.size], dtype=np.float64)


def _relative(case: Case, rect: Sequence[float]) -> Array:
    return np.asarray(rect, dtype=np.float64) / _sides(case)


def _placed(case: Case, means: Mapping[str, Array]) -> dict[str, Array]:
    return {label: mean * _sides(case) for label, mean in means.items()}
