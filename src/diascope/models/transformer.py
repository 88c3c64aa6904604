"""What all families have in common: a vision tower, a decoder of transformers', a tokenizer.

A family says how a turn becomes tokens and how pictures become features; how a packed row is
learnt from, and how a reply is gone on with token by token, is said here once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, cast

import llguidance
import llguidance.hf
import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedTokenizerFast

from diascope.answers import Answer
from diascope.batching import Batch, Canvas, Padded, grey, pixels
from diascope.codecs.dialect import Dialect
from diascope.geometry import CanvasMap, Fit, Size
from diascope.imaging.scaling import Scaling
from diascope.models import attention
from diascope.models.modelcard import write_card
from diascope.models.parts.patches import reads_grey
from diascope.records import Case
from diascope.tasks import task


@dataclass(frozen=True)
class Transformer:
    """A loaded model; families derive from it. It keeps what `family.VisionLanguageModel` says."""

    network: Any
    tokenizer: PreTrainedTokenizerFast
    dialect: Dialect
    fit: Fit

    _reads_grey: bool = field(init=False, repr=False, compare=False)

    family: ClassVar[str]
    vision: ClassVar[tuple[str, ...]] = ("model.vision_tower.",)
    """How the names of the vision tower's weights begin."""
    projector: ClassVar[tuple[str, ...]] = ("model.multi_modal_projector.",)
    """How those of the projector begin."""

    def __post_init__(self) -> None:
        self.decoder.set_attn_implementation(attention.NAME)
        # a frozen value is told once whether its tower reads bytes of grey
        object.__setattr__(self, "_reads_grey", reads_grey(self.network, Scaling()))

    # -- what families may say differently ------------------------------------------------------

    @property
    def decoder(self) -> Any:
        """The language model without its head; it takes embeddings."""
        return self._inner.language_model

    @property
    def image_id(self) -> int:
        """The placeholder of one image token."""
        return int(self.network.config.image_token_id)

    @cached_property
    def canvas(self) -> Size:
        """The square that the vision tower reads, pixels."""
        side = int(self.network.config.vision_config.image_size)
        return Size(side, side)

    def see(self, canvases: Sequence[Canvas]) -> Sequence[Tensor]:
        """Features [tokens, width] of each canvas, as the decoder reads them."""
        is_grey = self._reads_grey and all(canvas.ndim == 2 for canvas in canvases)
        values = grey(canvases) if is_grey else pixels(canvases).to(self.network.dtype)
        features: Tensor = self._inner.get_image_features(values).pooler_output
        return list(features)

    def head(self, hidden: Tensor) -> Tensor:
        """Logits [..., vocabulary] in float32, soft-capped where the decoder is (Gemma 2)."""
        logits: Tensor = self._head(hidden).float()
        cap = getattr(self._text, "final_logit_softcapping", None)
        return logits if cap is None else torch.tanh(logits / cap) * cap

    # -- tokens and pictures --------------------------------------------------------------------

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

    def part(self, name: str) -> str:
        """The part that a weight belongs to: vision, projector, embeddings or language."""
        if name.startswith(self.projector):
            return "projector"
        if name.startswith(self.vision):
            return "vision"
        return "embeddings" if "embed_tokens" in name or "lm_head" in name else "language"

    def location_ids(self) -> tuple[int, int] | None:
        """First and last id of the location tokens, both included; None where it has none."""
        return None

    def target(self, case: Case, answer: Answer) -> str:
        """What the model is taught to write for an answer to this turn."""
        asked = task(case.turn.task)
        codec = asked.codec(case.turn, self.dialect, self.canvas_map(case.image.size))
        return codec.encode(asked.order(answer))

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without any that the tokenizer would add."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def token_id(self, spelled: str) -> int:
        """The id of a special token by its text."""
        return int(cast("int", self.tokenizer.convert_tokens_to_ids(spelled)))

    def spell(self, token: int) -> str:
        """The text of one token."""
        if token == self.image_id:
            return "<image>"
        return str(self.tokenizer.decode([token], clean_up_tokenization_spaces=False))

    def text(self, tokens: Sequence[int]) -> str:
        """The text of a reply, EOS and padding left out."""
        kept = [token for token in tokens if token not in (self.eos_id, self.pad_id)]
        return str(self.tokenizer.decode(kept, clean_up_tokenization_spaces=False))

    def grammar_tokenizer(self) -> llguidance.LLTokenizer:
        """The vocabulary as the grammar engine wants it, as wide as the logits."""
        width = len(self._head.weight)
        return llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=width, eos_token=self.eos_id)

    # -- the three ways of reading --------------------------------------------------------------

    def hidden(self, batch: Batch) -> Tensor:
        """Last hidden states [tokens, width] of a packed row."""
        states = self._decoded(
            **self._inputs(batch.input_ids[None], batch.canvases, batch.looks),
            position_ids=_axes(batch.positions[:, None]),
            attention_mask=attention.NO_MASK,
            runs=batch.runs,
            use_cache=False,
        )
        return states[0]

    def read(self, prefixes: Padded, cache: DynamicCache) -> Tensor:
        """Read whole prefixes into an empty cache; last hidden states [batch, width]."""
        states = self._decoded(
            **self._inputs(prefixes.input_ids, prefixes.canvases, prefixes.looks),
            position_ids=_axes(prefixes.positions),
            attention_mask=self._masks(prefixes),
            past_key_values=cache,
            use_cache=True,
        )
        return states[:, -1]

    def read_on(
        self, tokens: Tensor, mask: Tensor, positions: Tensor, cache: DynamicCache
    ) -> Tensor:
        """Read one more token a row, [batch], at positions [axes, batch]; states [batch, width]."""
        states = self._decoded(
            **self._inputs(tokens[:, None], (), ()),
            position_ids=_axes(positions[..., None]),
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
        )
        return states[:, -1]

    def save(self, folder: Path) -> None:
        """Weights as safetensors, the tokenizer, and the file that names the family."""
        folder.mkdir(parents=True, exist_ok=True)
        self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        write_card(folder, self.family)

    # -- inside ---------------------------------------------------------------------------------

    @property
    def _head(self) -> Any:
        return self.network.lm_head

    @property
    def _table(self) -> Any:
        return self.network.get_input_embeddings()

    @property
    def _inner(self) -> Any:
        return self.network.model

    @property
    def _text(self) -> Any:
        return self.decoder.config

    def _inputs(
        self, ids: Tensor, canvases: Sequence[Canvas], looks: Sequence[int]
    ) -> dict[str, Any]:
        """Embeddings of the tokens, features in the places of the images."""
        are_images = ids == self.image_id
        embedded = self._table(ids.masked_fill(are_images, self.pad_id))
        if looks:
            embedded = placed(embedded, are_images, self.see(canvases), looks)
        return {"inputs_embeds": embedded}

    def _decoded(self, **inputs: Any) -> Tensor:
        states: Tensor = self.decoder(**inputs).last_hidden_state
        return states

    def _masks(self, prefixes: Padded) -> Tensor | dict[str, Tensor]:
        """One mask, or one for each kind of layer where some have a sliding window."""
        whole = prefixes.may_attend()
        window = getattr(self._text, "sliding_window", None)
        if window is None or "sliding_attention" not in getattr(self._text, "layer_types", ()):
            return whole
        place = torch.arange(whole.shape[-1])
        near = (place[None, :] > place[:, None] - window) | prefixes.together()
        return {"full_attention": whole, "sliding_attention": whole & near}


def placed(
    embedded: Tensor, are_images: Tensor, features: Sequence[Tensor], looks: Sequence[int]
) -> Tensor:
    """Embeddings [batch, time, width], features in the places of the images."""
    values = chosen(features, looks).to(embedded.dtype)
    return embedded.masked_scatter(are_images[..., None], values)


def chosen(features: Sequence[Tensor], looks: Sequence[int]) -> Tensor:
    """[tokens, width] the features of the pictures, in the order that they are looked at."""
    return torch.cat([features[number] for number in looks])


def _axes(positions: Tensor) -> Tensor:
    """[batch, time] where there is one axis, [axes, batch, time] where there are more."""
    return positions[0] if len(positions) == 1 else positions
