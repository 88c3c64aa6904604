"""The torch engine: batches of rows that end together, a key-value cache, a mask from the grammar.

Rows are padded on the left, so that the next token of every row is the last column. A row that has
closed leaves the batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import DynamicCache

from diascope.batching import Example, pad
from diascope.codecs.matcher import Matcher, Vocabulary
from diascope.generation.engine import Completion, Request
from diascope.generation.sampling import choose
from diascope.models.family import VisionLanguageModel
from diascope.predictionfile import Sampling

WINDOW = 8
"""Batches that are sorted by length together: rows of like length waste less padding."""


@dataclass
class Row:
    """One reply being written."""

    request: Request
    chance: np.random.Generator
    matcher: Matcher | None
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    closed: bool = False

    @property
    def ended(self) -> bool:
        """Nothing more is to be written."""
        return self.closed or len(self.tokens) >= self.request.budget


@dataclass(frozen=True)
class TorchEngine:
    """Generates with a loaded model on the device it lies on."""

    model: VisionLanguageModel
    batch_size: int = 32

    def generate(
        self, requests: Iterable[Request], sampling: Sampling, seed: int
    ) -> Iterator[Completion]:
        """One completion a request, in order."""
        waiting = iter(requests)
        while window := list(islice(waiting, self.batch_size * WINDOW)):
            rows = [self._row(request, seed) for request in window]
            by_length = sorted(
                rows, key=lambda row: (row.request.budget, len(row.request.example.prefix))
            )
            for start in range(0, len(by_length), self.batch_size):
                self._write(by_length[start : start + self.batch_size], sampling)
            yield from (self._completion(row) for row in rows)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.model.grammar_tokenizer(), self.model.token_id)

    def _row(self, request: Request, seed: int) -> Row:
        chance = np.random.default_rng([seed, request.stream])
        matcher = Matcher(self._vocabulary, request.grammar) if request.grammar else None
        return Row(request, chance, matcher)

    def _completion(self, row: Row) -> Completion:
        return Completion(self.model.text(row.tokens), tuple(row.logprobs), row.closed)

    @torch.inference_mode()
    def _write(self, rows: Sequence[Row], sampling: Sampling) -> None:
        """Fill in the rows of one batch."""
        self.model.network.eval()
        decoder = Decoder.start(self.model, [row.request.example for row in rows])
        open_rows = list(rows)
        while open_rows:
            logits = self._masked(decoder.logits, open_rows)
            draws = [row.chance.random() for row in open_rows]
            tokens, logprobs = choose(logits, sampling, draws)
            for row, token, logprob in zip(open_rows, tokens, logprobs, strict=True):
                self._take(row, token, logprob)
            going = [index for index, row in enumerate(open_rows) if not row.ended]
            open_rows = [open_rows[index] for index in going]
            if open_rows:
                decoder.step(going, [row.tokens[-1] for row in open_rows])

    def _masked(self, logits: Tensor, rows: Sequence[Row]) -> Tensor:
        """The logits with everything the grammars forbid at minus infinity."""
        if all(row.matcher is None for row in rows):
            return logits
        masks = np.full((len(rows), (logits.shape[1] + 31) // 32), -1, dtype=np.int32)
        for row, mask in zip(rows, masks, strict=True):
            if row.matcher is not None:
                row.matcher.fill(mask, row.request.budget - len(row.tokens))
        allowed = _unpack(masks, logits.shape[1])
        return logits.masked_fill(~torch.from_numpy(allowed).to(logits.device), -torch.inf)

    def _take(self, row: Row, token: int, logprob: float) -> None:
        row.logprobs.append(logprob)
        row.tokens.append(token)
        row.closed = token == self.model.eos_id
        if row.matcher is not None and not row.closed:
            row.matcher.advance(token)


@dataclass
class Decoder:
    """The state of a batch between two tokens: what is cached, and the logits that come next."""

    model: VisionLanguageModel
    cache: DynamicCache
    mask: Tensor
    positions: Tensor
    logits: Tensor

    @classmethod
    def start(cls, model: VisionLanguageModel, examples: Sequence[Example]) -> "Decoder":
        """Read the prefixes of a batch."""
        prefixes = pad(examples, model.pad_id)
        cache = DynamicCache()
        logits = model.head(model.read(prefixes, cache))
        return cls(model, cache, prefixes.attention_mask, prefixes.positions[..., -1], logits)

    def step(self, going: Sequence[int], tokens: Sequence[int]) -> None:
        """Keep the rows that go on, read the token each has written, and find the next logits.

        A row that goes on in several ways is named as often.
        """
        if list(going) != list(range(len(self.mask))):
            chosen = torch.tensor(going)
            self.cache.batch_select_indices(chosen)
            self.mask, self.positions = self.mask[chosen], self.positions[:, chosen]
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(going), 1)], dim=1)
        self.positions = self.positions + 1
        hidden = self.model.read_on(torch.tensor(tokens), self.mask, self.positions, self.cache)
        self.logits = self.model.head(hidden)


def _unpack(masks: NDArray[np.int32], width: int) -> NDArray[np.bool_]:
    """Packed rows, bit t of word t // 32, as one boolean a token."""
    bits = np.unpackbits(masks.view(np.uint8), axis=1, bitorder="little")
    return bits[:, :width].astype(bool)
