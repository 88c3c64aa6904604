"""A number with a fixed count of decimals, between two bounds."""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import cached_property

from diascope.answers import Number
from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Grammar, Literal, Node, Sequence
from diascope.codecs.nodes import either, padded, whole
from diascope.codecs.whole_number import MOST_DIGITS
from diascope.errors import InputError


@dataclass(frozen=True)
class DecimalNumber:
    """Always `decimals` digits after the point, no leading zeros, never -0; no unit is written."""

    low: float
    high: float
    decimals: int
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.decimals < 1 or self._first > self._last:
            raise InputError(
                f"no numbers with {self.decimals} decimals from {self.low} to {self.high}"
            )
        if max(-self._first, self._last) >= 10**MOST_DIGITS:
            raise InputError(
                f"{self.low} to {self.high} with {self.decimals} decimals takes too many digits"
            )

    @property
    def steps(self) -> range:
        """Every number of the format, in units of its last digit."""
        return range(self._first, self._last + 1)

    def spell(self, steps: int, /) -> str:
        """The text of so many steps."""
        digits = f"{abs(steps):0{self.decimals + 1}d}"
        sign = "-" if steps < 0 else ""
        return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"

    def grammar(self) -> Grammar:
        """The numbers with so many decimals from `low` to `high`, both included."""
        return Grammar(_signed(self._first, self._last, self.decimals))

    def encode(self, answer: Number, /) -> str:
        """The nearest number of the range, halves of the decimal text to even."""
        return self.spell(self._nearest(answer.value))

    def parse(self, text: str, /) -> Number:
        """The number, with the codec's unit."""
        form = rf"-?[0-9]{{1,{MOST_DIGITS}}}\.[0-9]{{{self.decimals}}}"
        if re.fullmatch(form, text):
            steps = int(text.replace(".", ""))
            if self._first <= steps <= self._last and self.spell(steps) == text:
                return self._number(steps)
        raise ParseError(
            f"not a number from {self.low} to {self.high} with {self.decimals} decimals:"
            f" {text[:80]!r}"
        )

    def snap(self, answer: Number, /) -> Number:
        """Rounded, within the range, in the codec's unit, without an interval."""
        return self._number(self._nearest(answer.value))

    def _number(self, steps: int) -> Number:
        return Number(value=float(self.spell(steps)), unit=self.unit)

    def _nearest(self, value: float) -> int:
        return min(max(self._steps(value, ROUND_HALF_EVEN), self._first), self._last)

    def _steps(self, value: float, rounding: str) -> int:
        scaled = Decimal(repr(value)).scaleb(self.decimals)
        return int(scaled.to_integral_value(rounding))

    @cached_property
    def _first(self) -> int:
        return self._steps(self.low, ROUND_CEILING)

    @cached_property
    def _last(self) -> int:
        return self._steps(self.high, ROUND_FLOOR)


def _signed(first: int, last: int, decimals: int) -> Node:
    options: list[Node] = []
    if first < 0:
        below = _unsigned(max(1, -last), -first, decimals)
        options.append(Sequence((Literal("-"), below)))
    if last >= 0:
        options.append(_unsigned(max(0, first), last, decimals))
    return either(*options)


def _unsigned(first: int, last: int, decimals: int) -> Node:
    """The numbers from first to last steps; only the two ends cut the decimals short."""
    scale = 10**decimals
    low, high = first // scale, last // scale
    if low == high:
        return _pointed(whole(low, low), first % scale, last % scale, decimals)
    options = [_pointed(whole(low, low), first % scale, scale - 1, decimals)]
    if low + 1 < high:
        options.append(_pointed(whole(low + 1, high - 1), 0, scale - 1, decimals))
    return either(*options, _pointed(whole(high, high), 0, last % scale, decimals))


def _pointed(integers: Node, first: int, last: int, decimals: int) -> Node:
    return Sequence((integers, Literal("."), padded(first, last, decimals)))
