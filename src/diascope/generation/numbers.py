"""Numbers read otherwise than token by token: their median, or what the number head says.

The likeliest first digit begins the likeliest number only by chance, and the likeliest number is
not the one of least expected error. The median is, where absolute errors count: it is the middle of
the numbers that the tokens may become, each as probable as its tokens under the grammar. The
beginnings of numbers are followed level by level, side by side; those too improbable to follow
share their probability among the numbers that begin so. No number outside the range is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import DynamicCache

from diascope.answers import Number
from diascope.batching import Example, pad
from diascope.errors import InputError
from diascope.generation.engine import Completion
from diascope.generation.torch_engine import Decoder
from diascope.models.family import VisionLanguageModel
from diascope.models.number_head import NumberHead, head_of
from diascope.models.numbers import NumberBook, NumberCodec, Stretch, bookshelf
from diascope.predictions import Reading

MOST_BEGINNINGS = 16
"""Beginnings of one number that are followed at a time."""
LEAST_MASS = 0.005
"""Probability of a beginning that is followed."""


class AskedNumber(NamedTuple):
    """A question, and how its answer is written."""

    example: Example
    codec: NumberCodec


class NumberReader(Protocol):
    """Answers questions that ask for a number."""

    def read(self, asked: Iterable[AskedNumber]) -> Iterator[Completion]:
        """One completion a question, in order, without log-probabilities: no token was drawn."""


def number_reader(
    model: VisionLanguageModel, reading: Reading, batch_size: int
) -> "MedianReader | HeadReader":
    """The reader of medians or of heads; InputError for a model that has no head."""
    refuse_headless(model, reading)
    head = head_of(model)
    if reading == "median" or head is None:
        return MedianReader(model, batch_size)
    return HeadReader(model, head, batch_size)


def refuse_headless(model: VisionLanguageModel, reading: Reading) -> None:
    """InputError where a head is to be read that the model has not."""
    if reading == "head" and head_of(model) is None:
        raise InputError(
            "the model has no number head to read: train it with loss.number_head above 0, or "
            "read numbers from tokens or their median"
        )


@dataclass(frozen=True)
class HeadReader:
    """Reads whole prefixes and no token after them."""

    model: VisionLanguageModel
    head: NumberHead
    batch_size: int

    def read(self, asked: Iterable[AskedNumber]) -> Iterator[Completion]:
        """The head's share of each range, as the codec writes it."""
        for batch in _batches(asked, self.batch_size):
            shares = self._shares([each.example for each in batch])
            for (_, codec), share in zip(batch, shares, strict=True):
                yield _completion(codec, codec.low + share * (codec.high - codec.low))

    @torch.inference_mode()
    def _shares(self, examples: Sequence[Example]) -> list[float]:
        self.model.network.eval()
        states = self.model.read(pad(examples, self.model.pad_id), DynamicCache())
        shares: list[float] = self.head(states).tolist()
        return shares


@dataclass(frozen=True)
class MedianReader:
    """Reads the middle of what the tokens may become."""

    model: VisionLanguageModel
    batch_size: int

    def read(self, asked: Iterable[AskedNumber]) -> Iterator[Completion]:
        """The median of each number's distribution, as the codec writes it."""
        for batch in _batches(asked, max(1, self.batch_size // MOST_BEGINNINGS)):
            books = [self._book(codec) for _, codec in batch]
            examples = [each.example for each in batch]
            for book, masses in zip(books, distributions(self.model, examples, books), strict=True):
                yield _completion(book.codec, median(book.values, masses))

    @cached_property
    def _book(self) -> Callable[[NumberCodec], NumberBook]:
        return bookshelf(self.model)


class Beginning(NamedTuple):
    """Numbers of one example that begin alike, and how probable that beginning is."""

    example: int
    stretch: Stretch
    mass: float


class Growth(NamedTuple):
    """A beginning that is followed: with which token, after which of those before."""

    parent: int
    token: int
    beginning: Beginning


@torch.inference_mode()
def distributions(
    model: VisionLanguageModel, examples: Sequence[Example], books: Sequence[NumberBook]
) -> list[NDArray[np.float64]]:
    """The probability of each number of a book [numbers], after each example; it sums to one."""
    model.network.eval()
    decoder = Decoder.start(model, examples)
    masses = [np.zeros(len(book.values)) for book in books]
    known = [Beginning(number, book.everything, 1.0) for number, book in enumerate(books)]
    depth = 0
    while known:
        grown = list(_grown(known, decoder.logits, books, depth))
        followed = _followed(grown, masses)
        if followed:
            decoder.step([each.parent for each in followed], [each.token for each in followed])
        known, depth = [each.beginning for each in followed], depth + 1
    return masses


def median(values: NDArray[np.float64], masses: NDArray[np.float64]) -> float:
    """The lowest of the values [numbers] up to which lies half of the probability."""
    order = np.argsort(values)
    upto = np.cumsum(masses[order])
    return float(values[order][np.searchsorted(upto, upto[-1] / 2)])


def _grown(
    known: Sequence[Beginning], logits: Tensor, books: Sequence[NumberBook], depth: int
) -> Iterator[Growth]:
    """Every way in which beginnings go on, under the logits [beginnings, vocabulary] of each."""
    for parent, (example, stretch, mass) in enumerate(known):
        branches = books[example].branches(stretch, depth)
        said = torch.softmax(logits[parent, torch.from_numpy(branches.tokens)], dim=0)
        for number, (token, share) in enumerate(zip(branches.tokens, said.tolist(), strict=True)):
            beginning = Beginning(example, branches.stretch(number), mass * share)
            yield Growth(parent, int(token), beginning)


def _followed(grown: Sequence[Growth], masses: Sequence[NDArray[np.float64]]) -> list[Growth]:
    """The likeliest that may still become several numbers; the others' mass is dealt out."""
    followed: list[Growth] = []
    counts = [0] * len(masses)
    for each in sorted(grown, key=lambda growth: -growth.beginning.mass):
        example, (first, last), mass = each.beginning
        several = last - first > 1 and mass >= LEAST_MASS
        if several and counts[example] < MOST_BEGINNINGS:
            counts[example] += 1
            followed.append(each)
        else:
            masses[example][first:last] += mass / (last - first)
    return followed


def _batches(asked: Iterable[AskedNumber], size: int) -> Iterator[list[AskedNumber]]:
    waiting = iter(asked)
    while batch := list(islice(waiting, size)):
        yield batch


def _completion(codec: NumberCodec, value: float) -> Completion:
    return Completion(codec.encode(Number(value=value)), (), closed=True)
