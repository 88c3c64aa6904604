"""Words, printable and single-spaced, at most so many characters."""

import re
from dataclasses import dataclass

from diascope.answers import Text
from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Grammar, Literal, OneOf, Ranges, Repeat, Sequence
from diascope.codecs.nodes import either
from diascope.errors import InputError

_EMPTY = "-"
# Left out: controls, spaces of every kind, invisible and bidirectional marks, U+2581 (which
# sentencepiece writes for a space), surrogates, private use, specials, and "<" (see FreeText).
_IN_WORDS = Ranges(
    (
        (0x21, 0x3B),
        (0x3D, 0x7E),
        (0xA1, 0xAC),
        (0xAE, 0x61B),
        (0x61D, 0x167F),
        (0x1681, 0x180D),
        (0x180F, 0x1FFF),
        (0x2010, 0x2027),
        (0x2030, 0x205E),
        (0x2070, 0x2580),
        (0x2582, 0x2FFF),
        (0x3001, 0xD7FF),
        (0xF900, 0xFDFF),
        (0xFE10, 0xFEFE),
        (0xFF01, 0xFFEF),
        (0x10000, 0x2FFFD),
    )
)
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\xa0]+")
_UNPRINTABLE = re.compile(_IN_WORDS.regex.replace("[", "[^ <", 1))


@dataclass(frozen=True)
class FreeText:
    """One line of words; "<" only ends a word, so that nothing spells a special token."""

    max_chars: int

    def __post_init__(self) -> None:
        if self.max_chars < 1:
            raise InputError(f"a text needs room for one character, not {self.max_chars}")

    def grammar(self) -> Grammar:
        """Printable characters and single spaces, a space neither first nor last."""
        spaced = Sequence((_IN_WORDS, Repeat(Literal(" "), 0, 1)))
        before = Repeat(either(spaced, Literal("< ")), 0, self.max_chars - 1)
        return Grammar(Sequence((before, either(_IN_WORDS, OneOf("<")))), limit=self.max_chars)

    def encode(self, answer: Text, /) -> str:
        """The words that fit."""
        return self._cut(_tidy(answer.text)) or _EMPTY

    def parse(self, text: str, /) -> Text:
        """The text as it stands."""
        if self.encode(Text(text=text)) != text:
            raise ParseError(f"not one line of at most {self.max_chars} printable characters")
        return Text(text=text)

    def snap(self, answer: Text, /) -> Text:
        """Single-spaced and cut at the end of a word, without evidence; `-` for no words."""
        return Text(text=self._cut(_tidy(answer.text)) or _EMPTY)

    def _cut(self, text: str) -> str:
        if len(text) <= self.max_chars:
            return text
        head, space, _ = text[: self.max_chars + 1].rpartition(" ")
        return head if space else text[: self.max_chars]


def _tidy(text: str) -> str:
    printable = _UNPRINTABLE.sub("", _SPACES.sub(" ", text))
    return " ".join(printable.replace("<", "< ").split())
