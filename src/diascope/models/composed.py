"""composed: any vision encoder, a projector, and any causal language model.

M4CXR is Rad-DINO, a C-Abstractor and Mistral-7B-Instruct; CXR-LLaVA is a ViT-L/16 of one channel, a
matrix and LLaMA-2-chat. A composed folder holds vision/, projector.safetensors, language/ and
diascope.json, which says how they are put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from diascope.batching import Canvas
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.models.chat import CHATS
from diascope.models.chatting import ChatModel
from diascope.models.composition import Composition, Source
from diascope.models.family import Family
from diascope.models.folder import load_tokenizer
from diascope.models.modelcard import read_card, write_card
from diascope.models.parts import encoder as encoders
from diascope.models.parts.encoder import Encoder
from diascope.models.parts.projector import Projector, projector


class Network(nn.Module):
    """The three parts under the names that phases train them by."""

    def __init__(self, vision: Encoder, middle: Projector, language: Any) -> None:
        super().__init__()
        self.vision, self.projector, self.language = vision, middle, language

    @property
    def dtype(self) -> torch.dtype:
        """Of the language model's weights."""
        found: torch.dtype = next(self.language.parameters()).dtype
        return found


@dataclass(frozen=True)
class Composed(ChatModel):
    """A loaded composed model."""

    network: Network
    plan: Composition

    family = "composed"
    vision = ("vision.",)
    projector = ("projector.",)

    @property
    def decoder(self) -> Any:
        """The language model without its head."""
        return self.network.language.model

    @property
    def image_id(self) -> int:
        """A number that no vocabulary has."""
        return -1

    @property
    def canvas(self) -> Size:
        """What the encoder reads."""
        return Size(self.network.vision.side, self.network.vision.side)

    def see(self, canvases: Sequence[Canvas]) -> Sequence[Tensor]:
        """Features [tokens, width] of each canvas."""
        vision = self.network.vision
        values = np.empty((len(canvases), vision.channels, *self.canvas), np.float32)
        for canvas, out in zip(canvases, values, strict=True):
            _scale(vision, canvas, out)
        tokens = vision(torch.from_numpy(values).to(self.network.dtype))
        features: Tensor = self.network.projector(tokens)
        return list(features)

    def image_tokens(self, canvas: Canvas) -> int:
        """As many for every picture."""
        return self.network.projector.num_tokens

    def save(self, folder: Path) -> None:
        """The parts side by side."""
        self.network.vision.save(folder / "vision")
        self.network.language.save_pretrained(folder / "language")
        self.tokenizer.save_pretrained(folder / "language")
        save_file(self.network.projector.state_dict(), folder / "projector.safetensors")
        write_card(folder, self.family, self.plan)

    @property
    def _head(self) -> Any:
        return self.network.language.lm_head

    @property
    def _table(self) -> Any:
        return self.network.language.get_input_embeddings()


def _scale(vision: Encoder, canvas: Canvas, out: NDArray[np.float32]) -> None:
    """A canvas as the encoder's channels: colour becomes luminance where it has one."""
    if vision.channels == 3:
        vision.scaling.write(canvas, out)
        return
    grey = canvas if canvas.ndim == 2 else canvas @ np.array([0.299, 0.587, 0.114])
    out[0] = (grey / 255 - vision.scaling.mean[0]) / vision.scaling.std[0]


def compose(plan: Composition, dtype: torch.dtype) -> Composed:
    """Put a model together; the projector starts from random weights."""
    vision, (language, words) = _vision(plan.vision, dtype), _language(plan.language, dtype)
    width = int(language.get_input_embeddings().weight.shape[1])
    middle = projector(plan.projector, (vision.num_tokens, vision.width), width).to(dtype)
    network = Network(vision, middle, language)
    return Composed(network, words, plan.dialect, plan.fit, CHATS[plan.chat], plan)


def load(folder: Path | None, dtype: torch.dtype) -> Composed:
    """What `Composed.save` has written."""
    if folder is None or not (folder / "projector.safetensors").is_file():
        raise InputError("family 'composed': set model.compose, or model.path to a composed folder")
    plan = Composition.model_validate(read_card(folder)["plan"])
    told = {part: Source(path=str(folder / part)) for part in ("vision", "language")}
    made = compose(plan.model_copy(update=told), dtype)
    made.network.projector.load_state_dict(load_file(folder / "projector.safetensors"))
    return made


def _vision(source: Source, dtype: torch.dtype) -> Encoder:
    if source.scratch is not None:
        return encoders.scratch(source.scratch, dtype)
    return encoders.load(_folder(source, "vision"), dtype)


def _language(source: Source, dtype: torch.dtype) -> tuple[Any, PreTrainedTokenizerFast]:
    if source.scratch is not None:
        config = AutoConfig.for_model(**source.scratch)
        made = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        return made.to(dtype), load_tokenizer(Path(source.tokenizer or ""))
    path = _folder(source, "language")
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if path.suffix == ".gguf":
        named = {"gguf_file": path.name}
        loaded = AutoModelForCausalLM.from_pretrained(path.parent, dtype=dtype, **named, **options)
        return loaded, load_tokenizer(path.parent, **named)
    loaded = AutoModelForCausalLM.from_pretrained(
        path, dtype=dtype, use_safetensors=True, **options
    )
    return loaded, load_tokenizer(Path(source.tokenizer or path))


def _folder(source: Source, part: str) -> Path:
    if source.path is None:
        raise InputError(f"model.compose.{part}: give a path, or a configuration to start from")
    path = Path(source.path).expanduser()
    if not path.exists():
        raise InputError(f"model.compose.{part}: there is no {path}")
    return path


FAMILY = Family(name="composed", about="any encoder, projector, causal language model", load=load)
