"""The numbers of a range as a model spells them: which tokens may go on, and to which numbers.

Texts of numbers that begin alike lie side by side, so that what a beginning may still become is a
stretch of rows, whatever the tokenizer joins or splits (one digit a token, or three).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.whole_number import WholeNumber
from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel
from diascope.records import Case
from diascope.tasks import task

NumberCodec = WholeNumber | DecimalNumber
MOST_NUMBERS = 200_000
"""Of a range that can be listed: ten seconds of tokenizing."""
_ENDED = -1
_BOOKS = 64


def number_codec(model: VisionLanguageModel, case: Case) -> NumberCodec | None:
    """How the model writes the answer to a case that asks for a number; None for any other."""
    canvas_map = model.canvas_map(case.image.size)
    codec = task(case.turn.task).codec(case.turn, model.dialect, canvas_map)
    return codec if isinstance(codec, WholeNumber | DecimalNumber) else None


def share(codec: NumberCodec, value: float) -> float:
    """Where a value lies in its range: 0 at the lower bound, 1 at the upper one."""
    return (value - codec.low) / (codec.high - codec.low or 1)


class Stretch(NamedTuple):
    """Rows of a book from `first` to before `last`, which agree in their first tokens."""

    first: int
    last: int


class Branches(NamedTuple):
    """The tokens with which the numbers of a stretch go on, and where the rows of each begin."""

    tokens: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def stretch(self, number: int) -> Stretch:
        """The rows that go on with one of the tokens."""
        return Stretch(int(self.starts[number]), int(self.ends[number]))


def bookshelf(model: VisionLanguageModel) -> Callable[[NumberCodec], "NumberBook"]:
    """The books of a model's ranges, the last ones kept."""
    return lru_cache(_BOOKS)(lambda codec: NumberBook.of(model, codec))


@dataclass(frozen=True, eq=False)
class NumberBook:
    """Every number of a range, sorted by its tokens."""

    codec: NumberCodec
    values: NDArray[np.float64]
    """[numbers] in the unit of the range."""
    ids: NDArray[np.int64]
    """[numbers, longest] the tokens of each, its closing one included, then -1."""

    @classmethod
    def of(cls, model: VisionLanguageModel, codec: NumberCodec) -> Self:
        """List a range; InputError where it holds more numbers than can be listed."""
        if len(codec.steps) > MOST_NUMBERS:
            raise InputError(
                f"a range from {codec.low:g} to {codec.high:g} holds {len(codec.steps):,} numbers, "
                f"more than {MOST_NUMBERS:,}: ask for fewer decimals, or learn and read numbers as "
                "plain tokens (loss.number_sigma = 0, loss.number_distance = 0, --numbers tokens)"
            )
        texts = [codec.spell(steps) for steps in codec.steps]
        spelled = [[*model.encode(text), model.eos_id] for text in texts]
        ids = np.full((len(spelled), max(map(len, spelled))), _ENDED)
        for row, tokens in zip(ids, spelled, strict=True):
            row[: len(tokens)] = tokens
        order = np.lexsort(ids.T[::-1])
        return cls(codec, np.array([float(text) for text in texts])[order], ids[order])

    @property
    def everything(self) -> Stretch:
        """All rows: nothing is written yet."""
        return Stretch(0, len(self.values))

    @property
    def width(self) -> float:
        """From the lowest to the highest number; 1 where there is one alone."""
        return float(np.ptp(self.values)) or 1.0

    def row(self, value: float) -> int:
        """The row of the nearest number."""
        return int(np.abs(self.values - value).argmin())

    def branches(self, stretch: Stretch, depth: int) -> Branches:
        """How the rows of a stretch, which agree in `depth` tokens, go on."""
        column = self.ids[stretch.first : stretch.last, depth]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(column)) + 1])
        ends = np.append(starts[1:], len(column)) + stretch.first
        return Branches(column[starts], starts + stretch.first, ends)

    def path(self, row: int) -> Iterator[Branches]:
        """How the number of a row might have gone on before each of its tokens."""
        stretch = self.everything
        for depth, token in enumerate(self.ids[row]):
            if token == _ENDED:
                return
            going = self.branches(stretch, depth)
            yield going
            stretch = going.stretch(int(np.flatnonzero(going.tokens == token)[0]))
