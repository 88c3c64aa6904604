"""A whole number between two bounds, as a count is written."""

import re
from dataclasses import dataclass

from diascope.answers import Number
from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Grammar
from diascope.codecs.nodes import whole
from diascope.errors import InputError

MOST_DIGITS = 15
"""A float holds every whole number of so many digits."""


@dataclass(frozen=True)
class WholeNumber:
    """Digits without leading zeros, after a minus sign below zero; the unit is not written."""

    low: int
    high: int
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.low > self.high or max(-self.low, self.high) >= 10**MOST_DIGITS:
            raise InputError(f"no whole numbers to write from {self.low} to {self.high}")

    @property
    def steps(self) -> range:
        """Every number of the format, in units of its last digit."""
        return range(self.low, self.high + 1)

    def spell(self, steps: int, /) -> str:
        """The text of so many steps."""
        return str(steps)

    def grammar(self) -> Grammar:
        """The whole numbers from `low` to `high`, both included."""
        return Grammar(whole(self.low, self.high))

    def encode(self, answer: Number, /) -> str:
        """The nearest whole number of the range, halves to even."""
        return str(self._nearest(answer.value))

    def parse(self, text: str, /) -> Number:
        """The number, with the codec's unit."""
        if re.fullmatch(f"-?[0-9]{{1,{MOST_DIGITS}}}", text):
            number = int(text)
            if str(number) == text and self.low <= number <= self.high:
                return Number(value=float(number), unit=self.unit)
        raise ParseError(f"not a whole number from {self.low} to {self.high}: {text[:80]!r}")

    def snap(self, answer: Number, /) -> Number:
        """Rounded, within the range, in the codec's unit, without an interval."""
        return Number(value=float(self._nearest(answer.value)), unit=self.unit)

    def _nearest(self, value: float) -> int:
        return round(min(max(value, self.low), self.high))
