"""What of a step is made at once: as many tokens as there is memory for, the longest first.

A batch that would not fit is packed into several rows, one behind the other, whose gradients add up
to that of the one. How large a piece may be is found once, by a forecast, and kept in the run, so
that a run that is resumed where more or less is free goes on to the bit.
"""

from collections.abc import Sequence
from dataclasses import replace
from heapq import nlargest
from typing import NamedTuple

import numpy as np

from diascope.batching import Example, pack
from diascope.errors import InputError
from diascope.recordfile import Cases, spread
from diascope.records import Case
from diascope.training.feed import Feed
from diascope.training.forecast import Forecast, Walked
from diascope.training.memory import free_bytes

_GB = 10**9
_CANDIDATES = 4
"""Examples looked at for each that is wanted: lines of a file tell lengths but roughly."""


class Piece(NamedTuple):
    """The largest row that a phase makes, and what it takes."""

    examples: tuple[Example, ...]
    forecast: Forecast | None
    """None where it cannot be told."""

    @property
    def num_tokens(self) -> int:
        """Of the row; what its examples share is counted for each of them."""
        return sum(example.length for example in self.examples)

    def __str__(self) -> str:
        told = "memory: not to be told for this model" if self.forecast is None else self.forecast
        return f"{told}; the longest {len(self.examples)} of a batch are {self.num_tokens:,} tokens"


def pieces(examples: Sequence[Example], most: int | None) -> list[list[Example]]:
    """The examples in order, cut so that none of more than one has more than `most` tokens."""
    if most is None:
        return [list(examples)]
    cut: list[list[Example]] = []
    room = 0
    for example in examples:
        if not cut or example.length > room:
            cut.append([])
            room = most
        cut[-1].append(example)
        room -= example.length
    return cut


def longest(feed: Feed, count: int) -> list[Example]:
    """The longest examples that may be drawn, longest first, as far as lines of the file tell."""
    cases = [case for group in feed.groups.values() for case in longest_lines(group, count)]
    examples = [feed.example(case) for case in cases]
    return nlargest(count, examples, key=lambda example: example.length)


def largest(examples: Sequence[Example], walked: Walked, limit_gb: float | None) -> Piece:
    """As many of the examples as fit together; InputError where a limit that was set allows none.

    Without a limit the memory that is free decides, and a single example is let through.
    """
    limit = free_bytes() if limit_gb is None else int(limit_gb * _GB)
    count, told = len(examples), walked.forecast(pack(examples))
    walked = replace(walked, accumulate=2)
    while told is not None and told.peak > limit and count > 1:
        count = count // 2
        told = walked.forecast(pack(examples[:count]))
    if limit_gb is not None and told is not None and told.peak > limit:
        raise InputError(
            f"memory.limit_gb: the longest example alone takes {told.peak / _GB:.2f}, {limit_gb} "
            "are allowed; let less move, set memory.frozen = 'bfloat16', or allow more"
        )
    return Piece(tuple(examples[:count]), told)


def longest_lines(cases: Sequence[Case], count: int) -> list[Case]:
    """Some of the cases with the longest lines in the record file, or spread where it has none."""
    if not isinstance(cases, Cases):
        return list(spread(cases, _CANDIDATES * count))
    order = np.argsort(cases.num_bytes, kind="stable")[::-1]
    return [cases[int(place)] for place in order[: _CANDIDATES * count]]
