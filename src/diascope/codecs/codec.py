"""A codec: one text format of one kind of answer, and the laws that hold for it.

1. round trip: parse(encode(a)) == snap(a), and snap(snap(a)) == snap(a)
2. soundness:  the grammar accepts encode(a)
3. totality:   parse succeeds on every string that the grammar, narrowed, accepts
4. canonicity: encode(parse(s)) == s for every such string
5. exactness:  parse raises ParseError on every other string
6. tokens:     for every tokenizer the matcher accepts the ids of encode(a), offers no byte
               spelling of a native token, and the ids stay within grammar().longest() + 1
"""

from typing import Protocol, TypeVar

from diascope.codecs.grammar import Grammar

A = TypeVar("A")


class ParseError(ValueError):
    """The text is not an answer in this format; reported as such, never replaced by a default."""


class Codec(Protocol[A]):
    """One answer format; the laws are in the module's docstring."""

    def grammar(self) -> Grammar:
        """Every well-formed reply, bounded in length."""

    def encode(self, answer: A, /) -> str:
        """The training target; ValueError where the format cannot name what the answer names."""

    def parse(self, text: str, /) -> A:
        """The answer in `text`, else ParseError."""

    def snap(self, answer: A, /) -> A:
        """What is left of `answer` once written: rounding, clipping and merging made explicit."""
