"""A list of some of a set's items, each at most once and in the set's order, as text."""

from dataclasses import dataclass
from itertools import pairwise

from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Grammar, Literal
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either, some_in_order

SEPARATOR = "; "


@dataclass(frozen=True)
class Subset:
    """Each item has one or several spellings, of which a text uses one; `none` spells no item."""

    items: tuple[tuple[str, ...], ...]
    none: str

    def __post_init__(self) -> None:
        check_names([*(spelling for item in self.items for spelling in item), self.none], SEPARATOR)

    def grammar(self) -> Grammar:
        """`none`, or the spellings of some items in the set's order."""
        spellings = tuple(either(*map(Literal, item)) for item in self.items)
        return Grammar(either(some_in_order(spellings, Literal(SEPARATOR)), Literal(self.none)))

    def write(self, spellings: tuple[str, ...]) -> str:
        """The text of these spellings, which are in the set's order."""
        return SEPARATOR.join(spellings) or self.none

    def read(self, text: str) -> tuple[str, ...]:
        """The spellings in the text; ParseError unless they are the set's, in its order."""
        if text == self.none:
            return ()
        spellings = tuple(text.split(SEPARATOR))
        order = {spelling: place for place, item in enumerate(self.items) for spelling in item}
        places = [order.get(spelling, -1) for spelling in spellings]
        if -1 in places or any(a >= b for a, b in pairwise(places)):
            raise ParseError(f"not a list of the {len(self.items)} names in order: {text[:80]!r}")
        return spellings
