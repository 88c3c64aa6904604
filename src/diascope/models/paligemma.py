"""PaliGemma 1 and 2 from any local folder, and the turn-to-tokens rules that they share with tiny.

One sequence a turn: all images first, BOS, the words so far, a separately tokenised newline, then
the answer and EOS (big_vision, configs/proj/paligemma). The words so far are the roles of several
images, the texts that come with them, earlier questions and replies, and the question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import llguidance
import llguidance.hf
import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoTokenizer,
    DynamicCache,
    PaliGemmaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from diascope.answers import Answer
from diascope.batching import Batch, Canvas, Example
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Fit, Size
from diascope.models.family import Family
from diascope.models.modelcard import write_card
from diascope.records import Case
from diascope.tasks import task
from diascope.tasks.transcript import transcript

LOC = Dialect(name="loc")


@dataclass(frozen=True)
class PaliGemma:
    """A loaded PaliGemma. The canvas is stretched to, as its pre-training did."""

    network: PaliGemmaForConditionalGeneration
    tokenizer: PreTrainedTokenizerFast
    dialect: Dialect = LOC
    fit: Fit = "stretch"

    @cached_property
    def canvas(self) -> Size:
        """The square that the vision tower reads, pixels."""
        side = int(self._vision.image_size)
        return Size(side, side)

    @property
    def pad_id(self) -> int:
        """The id that fills up short rows."""
        return int(self.tokenizer.pad_token_id)

    @property
    def eos_id(self) -> int:
        """The id that ends a reply."""
        return int(self.tokenizer.eos_token_id)

    def canvas_map(self, original: Size) -> CanvasMap:
        """Where an image of this size falls on the canvas."""
        return CanvasMap.fit(original, self.canvas, self.fit)

    def render(
        self, case: Case, canvases: Sequence[Canvas], history: Sequence[str], answer: Answer | None
    ) -> Example:
        """The turn as tokens; without an answer the suffix is left for the model to write."""
        images = [self._image_id] * (self._tokens_per_image * len(canvases))
        words = self._encode(self._words(case, history))
        prefix = (*images, self._bos_id, *words, *self._encode("\n"))
        suffix = (*self._encode(self.target(case, answer)), self.eos_id) if answer else ()
        return Example(prefix, suffix, tuple(canvases))

    def target(self, case: Case, answer: Answer) -> str:
        """What the model is taught to write for an answer to this turn."""
        asked = task(case.turn.task)
        codec = asked.codec(case.turn, self.dialect, self.canvas_map(case.image.size))
        return codec.encode(asked.order(answer))

    def _words(self, case: Case, history: Sequence[str]) -> str:
        return transcript(case, self.dialect, history)

    def hidden(self, batch: Batch) -> Tensor:
        """Last hidden states [batch, time, width]."""
        return self._states(
            input_ids=batch.input_ids,
            pixel_values=batch.pixel_values,
            token_type_ids=batch.token_type_ids,
            attention_mask=batch.attention_mask,
            use_cache=False,
        )

    def read(self, batch: Batch, positions: Tensor, cache: DynamicCache) -> Tensor:
        """Read whole prefixes, padded on the left; positions count from 1, as PaliGemma's do."""
        states = self._states(
            input_ids=batch.input_ids,
            pixel_values=batch.pixel_values,
            token_type_ids=batch.token_type_ids,
            attention_mask=batch.attention_mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        return states[:, -1]

    def read_on(
        self, tokens: Tensor, mask: Tensor, positions: Tensor, cache: DynamicCache
    ) -> Tensor:
        """Read one more token a row."""
        states = self._states(
            input_ids=tokens[:, None],
            attention_mask=mask,
            position_ids=positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        return states[:, -1]

    def head(self, hidden: Tensor) -> Tensor:
        """Logits [..., vocabulary] in float32, soft-capped where the family is (PaliGemma 2)."""
        logits: Tensor = self.network.lm_head(hidden).float()
        cap = getattr(self._text, "final_logit_softcapping", None)
        return logits if cap is None else torch.tanh(logits / cap) * cap

    def location_ids(self) -> tuple[int, int]:
        """Ids of <loc0000> and <loc1023>."""
        return self.token_id("<loc0000>"), self.token_id("<loc1023>")

    def token_id(self, spelled: str) -> int:
        """The id of a special token by its text."""
        return int(cast("int", self.tokenizer.convert_tokens_to_ids(spelled)))

    def spell(self, token: int) -> str:
        """The text of one token."""
        return str(self.tokenizer.decode([token], clean_up_tokenization_spaces=False))

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a reply, EOS and padding left out."""
        kept = [token for token in tokens if token not in (self.eos_id, self.pad_id)]
        return str(self.tokenizer.decode(kept, clean_up_tokenization_spaces=False))

    def grammar_tokenizer(self) -> llguidance.LLTokenizer:
        """The vocabulary as the grammar engine wants it, as wide as the logits."""
        width = int(self._text.vocab_size)
        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=width)

    def _states(self, **inputs: Any) -> Tensor:
        states: Tensor = self.network.model(**inputs).last_hidden_state
        return states

    def save(self, folder: Path) -> None:
        """Weights as safetensors, the tokenizer, and the file that names the family."""
        folder.mkdir(parents=True, exist_ok=True)
        self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        write_card(folder, "paligemma")

    @cached_property
    def _image_id(self) -> int:
        return int(self.network.config.image_token_index)

    @cached_property
    def _bos_id(self) -> int:
        return int(self.tokenizer.bos_token_id)

    @cached_property
    def _tokens_per_image(self) -> int:
        return int((self._vision.image_size // self._vision.patch_size) ** 2)

    @property
    def _vision(self) -> Any:
        return self.network.config.vision_config

    @property
    def _text(self) -> Any:
        return self.network.config.text_config

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def load(folder: Path | None, dtype: torch.dtype) -> PaliGemma:
    """A PaliGemma from a local folder; nothing is fetched and no code of the folder is run."""
    if folder is None:
        raise InputError("family 'paligemma' ships no weights: set model.path to a local folder")
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} is no model folder: it has no config.json")
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if config.model_type != "paligemma":
        raise InputError(f"{folder} holds a {config.model_type!r} model, not a 'paligemma' one")
    network = PaliGemmaForConditionalGeneration.from_pretrained(
        folder, dtype=dtype, local_files_only=True, use_safetensors=True
    )
    tokenizer = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    return PaliGemma(network, cast("PreTrainedTokenizerFast", tokenizer))


FAMILY = Family(name="paligemma", about="PaliGemma 1 or 2, any size, local folder", load=load)
