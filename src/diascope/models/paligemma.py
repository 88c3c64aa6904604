"""PaliGemma 1 and 2 from any local folder, and the turn-to-tokens rules that they share with tiny.

One sequence a turn: all images first, BOS, the words so far, a separately tokenised newline, then
the answer and EOS (big_vision, configs/proj/paligemma). The words so far are the roles of several
images, the texts that come with them, earlier questions and replies, and the question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL.Image import Resampling
from transformers import PaliGemmaForConditionalGeneration
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from diascope.answers import Answer
from diascope.batching import Canvas, Example, Span
from diascope.codecs.dialect import Dialect
from diascope.geometry import Fit
from diascope.models.belonging import as_taught
from diascope.models.family import Family
from diascope.models.folder import load_network, load_tokenizer
from diascope.models.transformer import Transformer
from diascope.records import Case
from diascope.tasks.transcript import transcript

LOC = Dialect(name="loc")


@dataclass(frozen=True)
class PaliGemma(Transformer):
    """A loaded PaliGemma. The canvas is stretched to, as its pre-training did."""

    dialect: Dialect = LOC
    fit: Fit = "stretch"

    family = "paligemma"
    image_word = "<image>"

    def render(
        self, case: Case, canvases: Sequence[Canvas], history: Sequence[str], answer: Answer | None
    ) -> Example:
        """The turn as tokens; without an answer the suffix is left for the model to write.

        The prefix attends both ways, images and question alike, so nothing of it can be shared.
        """
        images = [self.image_id] * (self._tokens_per_image * len(canvases))
        words = self.encode(transcript(case, self.dialect, history))
        prefix = (*images, self._bos_id, *words, *self.encode("\n"))
        suffix = (*self.encode(self.target(case, answer)), self.eos_id) if answer else ()
        return self.example(prefix, suffix, canvases)

    def example(
        self, prefix: tuple[int, ...], suffix: tuple[int, ...], canvases: Sequence[Canvas]
    ) -> Example:
        """Positions count from 1, as PaliGemma's do."""
        places = np.arange(1, len(prefix) + len(suffix) + 1)[None]
        both_ways = (Span(0, len(prefix)),)
        return Example(prefix, suffix, tuple(canvases), both_ways, positions=places)

    def image_processor(self) -> SiglipImageProcessorPil:
        """SigLIP's, by area where it shrinks (bilinear)."""
        width, height = self.canvas
        size = {"height": height, "width": width}
        return SiglipImageProcessorPil(
            size=size,
            resample=Resampling.BILINEAR,
            image_seq_length=self._tokens_per_image,
        )

    def location_ids(self) -> tuple[int, int]:
        """Ids of <loc0000> and <loc1023>."""
        return self.token_id("<loc0000>"), self.token_id("<loc1023>")

    @cached_property
    def _bos_id(self) -> int:
        return int(self.tokenizer.bos_token_id)

    @cached_property
    def _tokens_per_image(self) -> int:
        vision = self.network.config.vision_config
        return int((vision.image_size // vision.patch_size) ** 2)


def load(folder: Path | None, dtype: torch.dtype) -> PaliGemma:
    """A PaliGemma from a local folder; nothing is fetched and no code of the folder is run."""
    network = load_network(folder, "paligemma", [PaliGemmaForConditionalGeneration], dtype)
    return as_taught(PaliGemma(network, load_tokenizer(folder)), folder)


FAMILY = Family(
    name="paligemma",
    about="PaliGemma 1 or 2, any size, local folder",
    load=load,
    model_types=("paligemma",),
)
