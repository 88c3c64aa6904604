"""How a whole number of steps is written in JSON, and what may follow a part of one."""

import re
from dataclasses import dataclass

from diascope.codecs.grammar import Literal, Node, Sequence
from diascope.codecs.grid import Open
from diascope.codecs.nodes import either, padded, whole

_PART_OF_THOUSANDTHS = re.compile(r"\d(\.\d{0,3})?")


@dataclass(frozen=True)
class Digits:
    """Plain digits without leading zeros, or thousandths as a digit, a point and three digits."""

    thousandths: bool = False

    def spell(self, number: int) -> str:
        """The text of a number that is not negative."""
        return f"{number // 1000}.{number % 1000:03d}" if self.thousandths else str(number)

    def read(self, text: str) -> int:
        """The number in a text that `spell` writes."""
        return int(text.replace(".", ""))

    def node(self, low: int, high: int) -> Node:
        """The numbers from `low` to `high`, both included."""
        if not self.thousandths:
            return whole(low, high)
        ones = range(low // 1000, high // 1000 + 1)
        return either(
            *(
                Sequence(
                    (
                        Literal(f"{one}."),
                        padded(max(low - 1000 * one, 0), min(high - 1000 * one, 999), 3),
                    )
                )
                for one in ones
            )
        )

    def following(self, typed: str, open_values: Open, after: str) -> frozenset[str]:
        """The characters that may follow the part `typed` of a number that `after` ends."""
        alphabet = "0123456789." if self.thousandths else "0123456789"
        characters = {
            character
            for character in alphabet
            if any(
                open_values.holds_some(*ends)
                for ends in self._beginning(typed + character, open_values.values.stop)
            )
        }
        if typed and self._is_whole(typed) and open_values.holds(self.read(typed)):
            characters.add(after)
        return frozenset(characters)

    def _is_whole(self, typed: str) -> bool:
        return not self.thousandths or len(typed) == len("0.000")

    def _beginning(self, typed: str, stop: int) -> list[tuple[int, int]]:
        """The numbers below `stop`, as ranges, whose text begins so."""
        if self.thousandths:
            if not _PART_OF_THOUSANDTHS.fullmatch(typed):
                return []
            unit = 10 ** (4 - len(typed.replace(".", "")))
            return [(self.read(typed) * unit, (self.read(typed) + 1) * unit - 1)]
        if typed[0] == "0":
            return [(0, 0)] if typed == "0" else []
        number, more = int(typed), range(len(str(stop)) - len(typed) + 1)
        return [(number * 10**digits, (number + 1) * 10**digits - 1) for digits in more]


def following(typed: str, texts: list[str]) -> frozenset[str]:
    """The characters that may follow the part `typed` of any of the texts."""
    return frozenset(
        text[len(typed)] for text in texts if len(text) > len(typed) and text.startswith(typed)
    )
