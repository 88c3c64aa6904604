"""Gemma 3 and MedGemma from any local folder.

Pictures are laid on a square with black borders, never stretched and never cut into crops
(pan-and-scan), so that a box keeps its meaning; boxes are `box_2d`, 0 to 1000 of that square, y
first, as MedGemma 1.5 was taught. A reply may begin with a thinking block, which is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from transformers import Gemma3ForConditionalGeneration

from diascope.batching import Canvas, Span
from diascope.codecs.dialect import Dialect
from diascope.geometry import Fit
from diascope.models.chat import GEMMA, Chat, Prompt
from diascope.models.chatting import ChatModel
from diascope.models.family import Family
from diascope.models.folder import load_network, load_tokenizer

BOX_2D = Dialect(name="json")
THOUGHT_ENDS = "<unused95>"


@dataclass(frozen=True)
class Gemma3(ChatModel):
    """A loaded Gemma 3; the tokens of one picture see one another both ways."""

    dialect: Dialect = BOX_2D
    fit: Fit = "pad"
    chat: Chat = GEMMA

    family = "gemma3"

    def image_tokens(self, canvas: Canvas) -> int:
        """As many for every picture: 256."""
        return self._tokens_per_image

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a reply, without the thinking before it."""
        closes = self.tokenizer.get_vocab().get(THOUGHT_ENDS)
        said = list(tokens)
        last = max((at + 1 for at, token in enumerate(said) if token == closes), default=0)
        return super().text(said[last:])

    def _both_ways(self, prompt: Prompt) -> tuple[Span, ...]:
        return prompt.images

    @cached_property
    def _tokens_per_image(self) -> int:
        return int(self.network.config.mm_tokens_per_image)


def load(folder: Path | None, dtype: torch.dtype) -> Gemma3:
    """A Gemma 3 from a local folder; nothing is fetched and no code of the folder is run."""
    network = load_network(folder, "gemma3", [Gemma3ForConditionalGeneration], dtype)
    return Gemma3(network, load_tokenizer(folder))


FAMILY = Family(name="gemma3", about="Gemma 3 and MedGemma, local folder", load=load)
