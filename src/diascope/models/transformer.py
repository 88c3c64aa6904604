"""What all families have in common: a vision tower, a decoder of transformers', a tokenizer.

A family says how a turn becomes tokens and how pictures become features; how a packed row is
learnt from, and how a reply is gone on with token by token, is said here once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, cast

import llguidance
import llguidance.hf
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from transformers import DynamicCache, PreTrainedTokenizerFast

from diascope.answers import Answer
from diascope.batching import Batch, Canvas, Example, Looked, Padded, grey, pixels
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Fit, Size
from diascope.imaging.scaling import Scaling
from diascope.models import attention
from diascope.models.belonging import refuse_other_words
from diascope.models.modelcard import Card, Frame, write_card
from diascope.models.narrowing import narrowed
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
    image_word: ClassVar[str | None] = None
    """How its tokenizer spells an image token, where it has one."""
    vision: ClassVar[tuple[str, ...]] = ("model.vision_tower.",)
    """How the names of the vision tower's weights begin."""
    projector: ClassVar[tuple[str, ...]] = ("model.multi_modal_projector.",)
    """How those of the projector begin."""
    apart: ClassVar[bool] = True
    """Whether the projector can be run by itself on what the tower has said before."""

    def __post_init__(self) -> None:
        self.decoder.set_attn_implementation(attention.NAME)
        refuse_other_words(self)
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
        features: Tensor = self._inner.get_image_features(self._values(canvases)).pooler_output
        return list(features)

    def look(self, canvases: Sequence[Canvas]) -> Tensor:
        """What the vision tower itself says: patches [pictures, patches, width of the tower]."""
        patches: Tensor = self._inner.vision_tower(self._values(canvases)).last_hidden_state
        return patches

    def project(self, patches: Tensor) -> Sequence[Tensor]:
        """Features as `see` gives them, of what `look` gave."""
        features: Tensor = self._inner.multi_modal_projector(patches)
        return list(features)

    def embed(self, ids: Tensor) -> Tensor:
        """What the decoder reads for tokens, [..., width]."""
        embedded: Tensor = self._table(ids)
        return embedded

    def head(self, hidden: Tensor) -> Tensor:
        """Logits [..., vocabulary] in float32, soft-capped where the decoder is (Gemma 2)."""
        logits: Tensor = self._head(hidden).float()
        cap = getattr(self._text, "final_logit_softcapping", None)
        return logits if cap is None else torch.tanh(logits / cap) * cap

    @property
    def limit(self) -> int | None:
        """Tokens that the decoder can read at most, images and reply included; None is no limit."""
        most = getattr(self._text, "max_position_embeddings", None)
        return int(most) if most else None

    @property
    def num_words(self) -> int:
        """Tokens that the network has embeddings for."""
        return len(self._table.weight)

    @property
    def card(self) -> Card:
        """What a folder of this model says beside the weights."""
        return Card(
            family=self.family,
            frame=Frame(size=(self.canvas.width, self.canvas.height), fit=self.fit),
            dialect=self.dialect,
        )

    def render(
        self, case: Case, canvases: Sequence[Canvas], history: Sequence[str], answer: Answer | None
    ) -> Example:
        """The turn as tokens; without an answer the suffix is left for the model to write."""
        raise NotImplementedError

    # -- tokens and pictures --------------------------------------------------------------------

    @property
    def pad_id(self) -> int:
        """The id that fills up short rows; what ends a reply, where there is none for it."""
        pad = self.tokenizer.pad_token_id
        return self.eos_id if pad is None else int(pad)

    @property
    def eos_id(self) -> int:
        """The id that ends a reply; InputError where the tokenizer has none."""
        ends = self.tokenizer.eos_token_id
        if ends is None:
            raise InputError(f"the tokenizer of this {self.family} model has no token that ends")
        return int(ends)

    @property
    def width(self) -> int:
        """Numbers of a hidden state."""
        return int(self._text.hidden_size)

    def canvas_map(self, original: Size) -> CanvasMap:
        """Where an image of this size falls on the canvas."""
        return CanvasMap.fit(original, self.canvas, self.fit)

    def part(self, name: str) -> str:
        """The part that a weight belongs to: vision, projector, embeddings or language.

        Heads are parts of their own: `number_head` reads numbers off hidden states, those of
        phases without answers read the vision tower.
        """
        if name.startswith(("number_head.", "heads.")):
            return name.partition(".")[0]
        if name.startswith(self.projector):
            return "projector"
        if name.startswith(self.vision):
            return "vision"
        return "embeddings" if name.startswith(self._vocabulary) else "language"

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
        """The id of a special token by its text; InputError where the tokenizer has none."""
        words = self.tokenizer
        found = cast("int | None", words.convert_tokens_to_ids(spelled))
        if found is None or (found == words.unk_token_id and spelled != words.unk_token):
            raise InputError(
                f"the tokenizer of this {self.family} model has no token {spelled!r}: take the "
                "tokenizer that belongs to the weights, or another chat"
            )
        return int(found)

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

    def hidden(self, batch: Batch, everywhere: bool = True) -> Tensor:
        """Last hidden states [tokens, width] of a packed row.

        Where not `everywhere`, only of the tokens that a weighted one is predicted from; the rest
        is of no use.
        """
        if not everywhere:
            weights = batch.loss_weights.tolist()
            places = [place - 1 for place, weight in enumerate(weights) if weight > 0]
            with narrowed(self.decoder, places, len(weights)):
                return self.hidden(batch)
        states = self._decoded(
            **self._inputs(batch.input_ids[None], batch.canvases, batch.looks, batch.looked),
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

    @property
    def networks(self) -> Mapping[str, Any]:
        """The networks of transformers' that it is made of, by the folder each has in its own."""
        return {"": self.network}

    @property
    def bases(self) -> Mapping[str, str]:
        """The folder that each of `networks` was read from; empty where its weights lie nowhere."""
        read_from = str(self.network.name_or_path)
        return {"": str(Path(read_from).resolve()) if read_from else ""}

    def save_part(self, name: str, folder: Path) -> None:
        """Write one of `networks` as transformers does."""
        self.networks[name].save_pretrained(folder)

    def save_between(self, folder: Path) -> None:
        """Write what belongs to none of `networks`; here nothing does."""

    def image_processor(self) -> Any:
        """transformers' own, set to make the numbers that the vision tower reads here.

        It stretches to the canvas: where `fit` is another, lay the picture on it first.
        """
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Weights as safetensors, what transformers needs to read pictures and words for them, and
        the file that names the family."""
        folder.mkdir(parents=True, exist_ok=True)
        self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        self.image_processor().save_pretrained(folder)
        write_card(folder, self.card)

    # -- inside ---------------------------------------------------------------------------------

    @property
    def _head(self) -> Any:
        return self.network.lm_head

    @property
    def _table(self) -> Any:
        return self.network.get_input_embeddings()

    @cached_property
    def _vocabulary(self) -> tuple[str, ...]:
        """How the names of the weights begin that stand for words, read and written."""
        tables = (self._table, self._head)
        named = self.network.named_modules()
        return tuple(f"{name}." for name, module in named if any(module is one for one in tables))

    @property
    def _inner(self) -> Any:
        return self.network.model

    @property
    def _text(self) -> Any:
        return self.decoder.config

    def _inputs(
        self,
        ids: Tensor,
        canvases: Sequence[Canvas],
        looks: Sequence[int],
        looked: Looked | None = None,
    ) -> dict[str, Any]:
        """Embeddings of the tokens, features in the places of the images."""
        are_images = ids == self.image_id
        embedded = self._table(ids.masked_fill(are_images, self.pad_id))
        if not looks:
            return {"inputs_embeds": embedded}
        return self._seen(embedded, are_images, self._features(canvases, looked), looks)

    def _seen(
        self,
        embedded: Tensor,
        are_images: Tensor,
        features: Sequence[Tensor],
        looks: Sequence[int],
    ) -> dict[str, Any]:
        """What the decoder is given where there are pictures."""
        return {"inputs_embeds": placed(embedded, are_images, features, looks)}

    def _features(self, canvases: Sequence[Canvas], looked: Looked | None) -> Sequence[Tensor]:
        if looked is None:
            return self.see(canvases)
        return looked.features if looked.projected else self.project(torch.stack(looked.features))

    def _values(self, canvases: Sequence[Canvas]) -> Tensor:
        """Canvases as the vision tower reads them."""
        is_grey = self._reads_grey and all(canvas.ndim == 2 for canvas in canvases)
        return grey(canvases) if is_grey else pixels(canvases).to(self.network.dtype)

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
    """Embeddings [batch, time, width], features in the places of the images.

    InputError where the row has more or fewer places than there are features.
    """
    values = chosen(features, looks).to(embedded.dtype)
    places = len(values) if isinstance(embedded, FakeTensor) else int(are_images.sum())
    if places != len(values):
        raise InputError(
            f"the tokens leave {places} places for images, the vision tower gives {len(values)}: "
            "config.json and the weights do not belong together"
        )
    return embedded.masked_scatter(are_images[..., None], values)


def chosen(features: Sequence[Tensor], looks: Sequence[int]) -> Tensor:
    """[tokens, width] the features of the pictures, in the order that they are looked at."""
    return torch.cat([features[number] for number in looks])


def _axes(positions: Tensor) -> Tensor:
    """[batch, time] where there is one axis, [axes, batch, time] where there are more."""
    return positions[0] if len(positions) == 1 else positions
