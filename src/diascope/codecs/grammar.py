"""A grammar: every well-formed reply, bounded in length, and what may come next in one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from diascope.codecs.lark import write_lark
from diascope.codecs.nodes import (
    Alternatives,
    Literal,
    Node,
    OneOf,
    Ranges,
    Repeat,
    Sequence,
    TokenRange,
    is_token,
    symbols,
)

__all__ = [
    "Allowed",
    "Alternatives",
    "Grammar",
    "Literal",
    "Node",
    "OneOf",
    "Ranges",
    "Repeat",
    "Sequence",
    "TokenRange",
    "symbols",
]


@dataclass(frozen=True)
class Allowed:
    """What may come next at one point of a text: a character, a native token, or the end."""

    characters: frozenset[str] = frozenset()
    tokens: tuple[TokenRange, ...] = ()
    end: bool = False

    def holds(self, symbol: str) -> bool:
        """Whether the symbol may come next."""
        if is_token(symbol):
            return any(tokens.holds(symbol) for tokens in self.tokens)
        return symbol in self.characters


def not_narrowed(_prefix: str) -> None:
    """The narrowing of a grammar that needs none."""


@dataclass(frozen=True)
class Grammar:
    """A regular language, narrowed where a rule is not regular.

    `narrow(prefix)` says what may follow the text so far, or None where it permits everything that
    the root does up to the end of the token now being written. It never leads to a dead end.
    `limit` bounds the characters of a grammar without native tokens.
    """

    root: Node
    narrow: Callable[[str], Allowed | None] = not_narrowed
    limit: int | None = None

    def regex(self) -> str:
        """A regular expression that every well-formed text matches in full."""
        return self.root.regex

    def matches(self, text: str) -> bool:
        """Whether the text is well-formed: the root, the limit and the narrowing all hold."""
        if self._compiled.fullmatch(text) is None:
            return False
        return (self.limit is None or len(text) <= self.limit) and self._narrowing_holds(text)

    def lark(self, token_id: Callable[[str], int]) -> str:
        """The root and the limit in llguidance's Lark; a range's token ids must be contiguous."""
        return write_lark(self.root, self.limit, token_id)

    def longest(self) -> int:
        """The most tokens a text can take, its closing one apart: one a byte or native token."""
        most = self.root.longest
        return most if self.limit is None else min(most, 4 * self.limit)

    def token_ranges(self) -> frozenset[TokenRange]:
        """Every native token that the root can spell."""
        return self.root.tokens

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex())

    def _narrowing_holds(self, text: str) -> bool:
        position = 0
        for symbol in symbols(text):
            allowed = self.narrow(text[:position])
            if allowed is not None and not allowed.holds(symbol):
                return False
            position += len(symbol)
        allowed = self.narrow(text)
        return allowed is None or allowed.end
