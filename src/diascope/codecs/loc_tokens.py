"""<locNNNN> tokens: one of 1,024 bins of a side of the canvas, big_vision's spelling."""

import re

from diascope.codecs.grammar import Allowed, TokenRange
from diascope.codecs.grid import Open
from diascope.geometry import BoxFormat

LOC_FORMAT = BoxFormat(order="yxyx", space="bins1024")
"""PaliGemma's boxes: y0 x0 y1 x1 in bins of the canvas."""

_NUMBER = re.compile(r"<loc([0-9]{4})>")
_RUN = re.compile(r"((?:<loc[0-9]{4}>)+)")


def spell(numbers: tuple[int, ...]) -> str:
    """One token a number."""
    return "".join(f"<loc{number:04d}>" for number in numbers)


def read(tokens: str) -> tuple[int, ...]:
    """The numbers of a run of tokens."""
    return tuple(map(int, _NUMBER.findall(tokens)))


def split(text: str) -> tuple[list[str], list[tuple[int, ...]]]:
    """The texts before, between and after the runs of tokens, and the runs."""
    parts = _RUN.split(text)
    return parts[::2], [read(run) for run in parts[1::2]]


def loc(first: int, last: int) -> TokenRange:
    """The tokens from `first` to `last`, both included."""
    return TokenRange("loc", first, last)


def next_loc(open_values: Open) -> tuple[TokenRange, ...]:
    """The tokens of the numbers that may be written next."""
    first, ranges = open_values.values.start, []
    for closed in sorted(open_values.closed):
        ranges.append((first, closed - 1))
        first = closed + 1
    ranges.append((first, open_values.values.stop - 1))
    return tuple(loc(low, high) for low, high in ranges if low <= high)


def only(tokens: tuple[TokenRange, ...]) -> Allowed:
    """Nothing but these tokens."""
    return Allowed(tokens=tokens)
