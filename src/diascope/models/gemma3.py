"""Gemma 3 and MedGemma from any local folder.

Pictures are laid on a square with black borders, never stretched and never cut into crops
(pan-and-scan), so that a box keeps its meaning; boxes are `box_2d`, 0 to 1000 of that square, y
first, as MedGemma 1.5 was taught, or as the configuration says, pixels of the original for one. A
reply may begin with a thinking block, which is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from PIL.Image import Resampling
from transformers import Gemma3ForConditionalGeneration
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

from diascope.batching import Canvas, Span
from diascope.codecs.dialect import Dialect
from diascope.geometry import BoxFormat, Fit
from diascope.models.belonging import as_taught
from diascope.models.chat import GEMMA, Chat, Prompt
from diascope.models.chatting import ChatModel
from diascope.models.family import Family
from diascope.models.folder import load_network, load_tokenizer

BOX_2D = Dialect(name="json")
PIXELS = Dialect(name="json", box_format=BoxFormat(space="pixels"), box_key="bbox")
"""The alternative that needs no arithmetic to read: whole pixels of the original image."""
THOUGHT, THOUGHT_ENDS = "<unused94>", "<unused95>"


@dataclass(frozen=True)
class Gemma3(ChatModel):
    """A loaded Gemma 3; the tokens of one picture see one another both ways."""

    dialect: Dialect = BOX_2D
    fit: Fit = "pad"
    chat: Chat = GEMMA

    family = "gemma3"
    image_word = "<image_soft_token>"

    def image_tokens(self, canvas: Canvas) -> int:
        """As many for every picture: 256."""
        return self._tokens_per_image

    def image_processor(self) -> Gemma3ImageProcessorPil:
        """Gemma 3's, without crops."""
        width, height = self.canvas
        size = {"height": height, "width": width}
        return Gemma3ImageProcessorPil(
            size=size, resample=Resampling.BILINEAR, do_pan_and_scan=False
        )

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a reply, without the thinking before it; a thought without end is none."""
        opens, closes = self._thought
        said = list(tokens)
        ends = [at for at, token in enumerate(said) if token == closes]
        if not ends and opens in said:
            return ""
        return super().text(said[ends[-1] + 1 :] if ends else said)

    def _both_ways(self, prompt: Prompt) -> tuple[Span, ...]:
        return prompt.images

    @cached_property
    def _thought(self) -> tuple[int | None, int | None]:
        """The tokens that open and close a thought; None where the vocabulary has none."""
        known = self.tokenizer.get_vocab()
        return known.get(THOUGHT), known.get(THOUGHT_ENDS)

    @cached_property
    def _tokens_per_image(self) -> int:
        return int(self.network.config.mm_tokens_per_image)


def load(folder: Path | None, dtype: torch.dtype) -> Gemma3:
    """A Gemma 3 from a local folder; nothing is fetched and no code of the folder is run."""
    network = load_network(folder, "gemma3", [Gemma3ForConditionalGeneration], dtype)
    return as_taught(Gemma3(network, load_tokenizer(folder)), folder)


FAMILY = Family(
    name="gemma3", about="Gemma 3 and MedGemma, local folder", load=load, model_types=("gemma3",)
)
