"""A family: one kind of model, how it is loaded, and how it reads a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # which families there are can be told without torch
    import torch
    from llguidance import LLTokenizer
    from torch import Tensor, nn
    from transformers import DynamicCache

    from diascope.answers import Answer
    from diascope.batching import Batch, Canvas, Example, Padded
    from diascope.codecs.dialect import Dialect
    from diascope.geometry import CanvasMap, Fit, Size
    from diascope.models.modelcard import Card
    from diascope.records import Case


class VisionLanguageModel(Protocol):
    """A loaded model; everything that training and generation ask of it."""

    @property
    def network(self) -> nn.Module:
        """The weights."""

    @property
    def decoder(self) -> nn.Module:
        """The language model without its head."""

    @property
    def dialect(self) -> Dialect:
        """How it spells geometry."""

    @property
    def canvas(self) -> Size:
        """What its vision tower reads, pixels."""

    @property
    def fit(self) -> Fit:
        """How an image is laid on the canvas."""

    @property
    def pad_id(self) -> int:
        """The token that fills up short rows."""

    @property
    def eos_id(self) -> int:
        """The token that ends a reply."""

    @property
    def limit(self) -> int | None:
        """Tokens that it can read at most, images and reply included; None is no limit."""

    def part(self, name: str) -> str:
        """The part that a weight belongs to: vision, projector, embeddings or language."""

    def canvas_map(self, original: Size) -> CanvasMap:
        """Where an image of this size falls on the model's canvas."""

    def render(
        self, case: Case, canvases: Sequence[Canvas], history: Sequence[str], answer: Answer | None
    ) -> Example:
        """The turn as tokens, after the replies to the turns before it."""

    def target(self, case: Case, answer: Answer) -> str:
        """What the model is taught to write for an answer to this turn."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without any that the tokenizer would add."""

    @property
    def width(self) -> int:
        """Numbers of a hidden state."""

    def hidden(self, batch: Batch, everywhere: bool = True) -> Tensor:
        """Last hidden states [tokens, width] of a packed row; where not `everywhere`, only of the
        tokens that a weighted one is predicted from."""

    def read(self, prefixes: Padded, cache: DynamicCache) -> Tensor:
        """Read whole prefixes into an empty cache; last hidden states [batch, width]."""

    def read_on(
        self, tokens: Tensor, mask: Tensor, positions: Tensor, cache: DynamicCache
    ) -> Tensor:
        """Read one more token a row, [batch], at positions [axes, batch]; states [batch, width]."""

    def head(self, hidden: Tensor) -> Tensor:
        """Logits [..., vocabulary] of hidden states [..., width], in float32."""

    def location_ids(self) -> tuple[int, int] | None:
        """First and last id of the location tokens, both included; None where it has none."""

    def token_id(self, spelled: str) -> int:
        """The id of a special token by its text."""

    def spell(self, token: int) -> str:
        """The text of one token."""

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a reply, EOS left out."""

    def grammar_tokenizer(self) -> LLTokenizer:
        """The vocabulary as the grammar engine wants it."""

    @property
    def card(self) -> Card:
        """What a folder of this model says beside the weights."""

    @property
    def networks(self) -> Mapping[str, Any]:
        """The networks of transformers' that it is made of, by the folder each has in its own."""

    @property
    def bases(self) -> Mapping[str, str]:
        """The folder that each of `networks` was read from; empty where its weights lie nowhere."""

    def save_part(self, name: str, folder: Path) -> None:
        """Write one of `networks` as transformers does."""

    def save_between(self, folder: Path) -> None:
        """Write what belongs to none of `networks`."""

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), tokenizer and configuration."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of model. `load(None, ...)` loads the weights that ship with it, where some do."""

    name: str
    about: str
    load: Callable[[Path | None, torch.dtype], VisionLanguageModel]
    model_types: tuple[str, ...] = ()
    """What transformers calls the networks that it reads, as `model_type` in their config.json."""
