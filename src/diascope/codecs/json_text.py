"""What the formats in JSON share: compact, no white space, text as it is, not escaped to ASCII."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from diascope.codecs.digits import Digits
from diascope.codecs.grammar import Literal, Node, Sequence
from diascope.codecs.grid import Cells, Grid

STRING = r'"(?:[^"\\]|\\.)*"'
NUMBER = r"[0-9][0-9.]{0,15}"
FOUR = rf"\[{NUMBER},{NUMBER},{NUMBER},{NUMBER}\]"


def quoted(text: str) -> str:
    """The text as a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def listed(parts: Iterable[Node]) -> Node:
    """A JSON list of the parts."""
    spaced = [piece for part in parts for piece in (part, Literal(","))][:-1]
    return Sequence((Literal("["), *spaced, Literal("]")))


@dataclass(frozen=True)
class JsonNumbers:
    """Lists of a grid's steps in JSON."""

    grid: Grid

    def spell(self, numbers: Iterable[int]) -> str:
        """Numbers as a list."""
        return f"[{','.join(map(self.digits.spell, numbers))}]"

    def read(self, text: str) -> tuple[int, ...]:
        """Every number in a text, whatever stands between them."""
        return tuple(map(self.digits.read, re.findall(NUMBER, text)))

    def read_box(self, text: str) -> Cells:
        """The numbers of a list of four."""
        a, b, c, d = self.read(text)
        return (a, b, c, d)

    def node(self, values: range) -> Node:
        """One number of a range."""
        return self.digits.node(values.start, values.stop - 1)

    def box_node(self) -> Node:
        """Four numbers in a list, each within its own range whatever the others are."""
        axes = self.grid.axes
        firsts, seconds = (axis.firsts for axis in axes), (axis.all_seconds for axis in axes)
        return listed(map(self.node, (*firsts, *seconds)))

    def following(self, typed: str, used: list[Cells], copies: int = 1) -> frozenset[str]:
        """The characters that may follow a part of a list of four numbers, not yet closed."""
        if not typed:
            return frozenset("[")
        *before, last = typed[1:].split(",")
        written = tuple(map(self.digits.read, before))
        values = self.grid.open(written, used, copies)
        return self.digits.following(last, values, "," if len(written) < 3 else "]")

    @cached_property
    def digits(self) -> Digits:
        """How one number is written."""
        return Digits(thousandths=self.grid.format.space == "unit")
