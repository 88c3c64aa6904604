"""The nodes a grammar is made of, and what can be told of a node by itself.

A node may be shared by several parents. Text nodes spell characters; a `TokenRange` spells one
native token of the tokenizer, such as <loc0512>, which is never spelt in characters.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

_DIGITS = {"loc": 4, "seg": 3}
_SYMBOL = re.compile(r"<loc[0-9]{4}>|<seg[0-9]{3}>|.", re.DOTALL)


class _Spelt:
    """What every node says of itself.

    `regex` is in the dialect common to Python's re and Rust's, `longest` counts bytes of text and
    native tokens. They are kept, as a shared node is asked once for every path that leads to it.
    """

    @property
    def tokens(self) -> "frozenset[TokenRange]":
        """The native tokens that the node can spell."""
        return frozenset()

    @property
    def is_text(self) -> bool:
        """Whether the node spells characters alone."""
        return not self.tokens


@dataclass(frozen=True)
class Literal(_Spelt):
    """Exactly this text."""

    text: str

    @cached_property
    def regex(self) -> str:
        """The text, escaped."""
        return "".join(map(_escape, self.text))

    @property
    def longest(self) -> int:
        """The text's bytes."""
        return len(self.text.encode())


@dataclass(frozen=True)
class OneOf(_Spelt):
    """One of these characters."""

    characters: str

    @cached_property
    def regex(self) -> str:
        """A class of characters."""
        return f"[{''.join(map(_escape, self.characters))}]"

    @property
    def longest(self) -> int:
        """The bytes of the longest character."""
        return max(len(character.encode()) for character in self.characters)


@dataclass(frozen=True)
class Ranges(_Spelt):
    """One character whose code point lies in one of the ranges, both ends included."""

    bounds: tuple[tuple[int, int], ...]

    @cached_property
    def regex(self) -> str:
        """A class of characters."""
        return (
            f"[{''.join(f'{_escape(chr(low))}-{_escape(chr(high))}' for low, high in self.bounds)}]"
        )

    @property
    def longest(self) -> int:
        """The bytes of the longest character."""
        return max(len(chr(high).encode()) for _, high in self.bounds)


@dataclass(frozen=True)
class TokenRange(_Spelt):
    """One of the native tokens from `first` to `last`: <loc0000> to <loc1023>, or <seg000> on."""

    name: str
    first: int
    last: int

    longest = 1

    @cached_property
    def tokens(self) -> "frozenset[TokenRange]":
        """Itself."""
        return frozenset([self])

    @cached_property
    def regex(self) -> str:
        """The tokens' text, for matching texts; a tokenizer's special tokens have none."""
        return f"<{self.name}{padded(self.first, self.last, _DIGITS[self.name]).regex}>"

    def spell(self, number: int) -> str:
        """The text of one of the tokens."""
        return f"<{self.name}{number:0{_DIGITS[self.name]}d}>"

    def holds(self, symbol: str) -> bool:
        """Whether the symbol is one of the tokens."""
        return is_token(symbol) and self.spell(self.first) <= symbol <= self.spell(self.last)


@dataclass(frozen=True)
class Sequence(_Spelt):
    """The parts one after the other."""

    parts: "tuple[Node, ...]"

    @cached_property
    def tokens(self) -> frozenset[TokenRange]:
        """Those of the parts."""
        return frozenset().union(*(part.tokens for part in self.parts))

    @cached_property
    def regex(self) -> str:
        """The parts' expressions joined."""
        return "".join(part.regex for part in self.parts)

    @cached_property
    def longest(self) -> int:
        """All parts at their longest."""
        return sum(part.longest for part in self.parts)


@dataclass(frozen=True)
class Alternatives(_Spelt):
    """One of the options, of which there is at least one."""

    options: "tuple[Node, ...]"

    @cached_property
    def tokens(self) -> frozenset[TokenRange]:
        """Those of the options."""
        return frozenset().union(*(option.tokens for option in self.options))

    @cached_property
    def regex(self) -> str:
        """The options in a group."""
        return f"(?:{'|'.join(option.regex for option in self.options)})"

    @cached_property
    def longest(self) -> int:
        """The longest option."""
        return max(option.longest for option in self.options)


@dataclass(frozen=True)
class Repeat(_Spelt):
    """The part, from `low` to `high` times."""

    part: "Node"
    low: int
    high: int

    @cached_property
    def tokens(self) -> frozenset[TokenRange]:
        """Those of the part."""
        return self.part.tokens if self.high else frozenset()

    @cached_property
    def regex(self) -> str:
        """The part in a group, counted."""
        part = self.part.regex
        if self.high == 0 or self.low == self.high == 1:
            return part if self.high else ""
        grouped = part if isinstance(self.part, OneOf | Ranges) else f"(?:{part})"
        times = f"{self.low}" if self.low == self.high else f"{self.low},{self.high}"
        return f"{grouped}{{{times}}}"

    @cached_property
    def longest(self) -> int:
        """The part at its longest, `high` times."""
        return self.part.longest * self.high


Node: TypeAlias = Literal | OneOf | Ranges | TokenRange | Sequence | Alternatives | Repeat


def symbols(text: str) -> list[str]:
    """The text split into symbols: single characters, and native tokens."""
    return _SYMBOL.findall(text)


def is_token(symbol: str) -> bool:
    """Whether a symbol is a native token."""
    return len(symbol) > 1


def padded(low: int, high: int, width: int) -> Node:
    """The whole numbers from `low` to `high`, both included, in exactly `width` digits."""
    if width == 0:
        return Literal("")
    unit = 10 ** (width - 1)
    first, last = low // unit, high // unit
    if first == last:
        return _joined(Literal(str(first)), padded(low % unit, high % unit, width - 1))
    options: list[Node] = []
    if low % unit:
        options.append(_joined(Literal(str(first)), padded(low % unit, unit - 1, width - 1)))
        first += 1
    tail: list[Node] = []
    if (high + 1) % unit:
        tail.append(_joined(Literal(str(last)), padded(0, high % unit, width - 1)))
        last -= 1
    if first <= last:
        options.append(_joined(_digit(first, last), Repeat(_digit(0, 9), width - 1, width - 1)))
    return either(*options, *tail)


def whole(low: int, high: int) -> Node:
    """The whole numbers from `low` to `high`, both included, as they are written plainly."""
    options: list[Node] = []
    if low < 0:
        options.append(_joined(Literal("-"), whole(max(1, -high), -low)))
    options.extend(_unsigned(max(low, 0), high))
    return either(*options)


def _unsigned(low: int, high: int) -> list[Node]:
    """The numbers by their count of digits, those widths together that are wanted whole."""
    options: list[Node] = []
    if low == 0 <= high:
        options.append(Literal("0"))
        low = 1
    while low <= high:
        width = len(str(low))
        widest = len(str(high + 1)) - 1
        if low == 10 ** (width - 1) and widest > width:
            options.append(Sequence((_digit(1, 9), Repeat(_digit(0, 9), width - 1, widest - 1))))
            low = 10**widest
        else:
            stop = min(high, 10**width - 1)
            options.append(padded(low, stop, width))
            low = stop + 1
    return options


def either(*options: Node) -> Node:
    """One of the options; an only one stands for itself."""
    return options[0] if len(options) == 1 else Alternatives(options)


def some_in_order(items: tuple[Node, ...], separator: Node) -> Node:
    """One or more of the items, each at most once, in their order."""
    # Halving keeps it short: n^1.6 items written out, where a chain of options would take n^2.
    if len(items) == 1:
        return items[0]
    middle = len(items) // 2
    left = some_in_order(items[:middle], separator)
    right = some_in_order(items[middle:], separator)
    return Alternatives((Sequence((left, Repeat(Sequence((separator, right)), 0, 1))), right))


def _digit(first: int, last: int) -> Node:
    low, high = ord("0") + first, ord("0") + last
    return Ranges(((low, high),)) if first < last else Literal(str(first))


def _joined(head: Node, tail: Node) -> Node:
    if tail in (Literal(""), Repeat(_digit(0, 9), 0, 0)):
        return head
    return Sequence((head, tail))


def _escape(character: str) -> str:
    # "\<" is a word boundary in Rust's dialect, so angle brackets stay bare.
    if character.isascii() and (character.isalnum() or character in " <>"):
        return character
    if character.isascii() and character.isprintable():
        return f"\\{character}"
    point = ord(character)
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"
