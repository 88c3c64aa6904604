"""Which cases are looked at: over data sets, answers and the whole file."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, islice, zip_longest
from typing import TypeVar

from diascope.recordfile import spread
from diascope.records import Case

T = TypeVar("T")

LOOKED_AT = 4
"""Cases looked at for each that is taken, where some may have no answer."""


def answered(cases: Sequence[Case], limit: int) -> Sequence[Case]:
    """At most `limit` of the cases that are answered, and so are the turns before them."""
    return spread(_known(cases, limit), limit)


def stratified(cases: Sequence[Case], limit: int) -> list[Case]:
    """At most `limit` answered cases, as many of each data set and true answer as there can be.

    Where the truths differ, replies that do not can be told from replies that happen to be alike.
    """
    strata: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in _known(cases, limit):
        strata[case.record.dataset, case.truth.model_dump_json()].append(case)
    groups, taken = list(strata.values()), min(limit, len(strata))
    return in_turn((groups[number * len(groups) // taken] for number in range(taken)), limit)


def in_turn(groups: Iterable[Sequence[T]], limit: int) -> list[T]:
    """The first of each group, then the second of each, and so on."""
    layers = chain.from_iterable(zip_longest(*groups))
    return list(islice((each for each in layers if each is not None), limit))


def _known(cases: Sequence[Case], limit: int) -> list[Case]:
    return [
        case
        for case in spread(cases, LOOKED_AT * limit)
        if all(turn.answer is not None for turn in case.record.turns[: case.index + 1])
    ]
