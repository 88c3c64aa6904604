"""One of the question's own options, by its letter or by its text."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal as OneLiteral

from diascope.answers import Choice
from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Grammar, Literal
from diascope.codecs.names import check_known, check_names
from diascope.codecs.nodes import either


@dataclass(frozen=True)
class ChoiceCodec:
    """`letters` writes A, B, ... Z, AA, ...; `texts` writes the option as it stands."""

    options: tuple[str, ...]
    style: OneLiteral["letters", "texts"]

    def __post_init__(self) -> None:
        check_names(self.options)

    def grammar(self) -> Grammar:
        """One of the spellings."""
        return Grammar(either(*(Literal(text) for text in self._texts)))

    def encode(self, answer: Choice, /) -> str:
        """The spelling of the option; InputError when it is none of the question's."""
        check_known([answer.option], self.options)
        return self._texts[self.options.index(answer.option)]

    def parse(self, text: str, /) -> Choice:
        """The option that is spelt exactly so."""
        if text not in self._texts:
            raise ParseError(f"not one of the {len(self.options)} options: {text[:80]!r}")
        return Choice(option=self.options[self._texts.index(text)])

    def snap(self, answer: Choice, /) -> Choice:
        """The answer itself; InputError when it is none of the question's options."""
        check_known([answer.option], self.options)
        return answer

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        if self.style == "texts":
            return self.options
        return tuple(letters(index) for index in range(len(self.options)))


def letters(index: int) -> str:
    """A for 0, Z for 25, AA for 26, as the columns of a spreadsheet."""
    above, letter = divmod(index, 26)
    return (letters(above - 1) if above else "") + chr(ord("A") + letter)
