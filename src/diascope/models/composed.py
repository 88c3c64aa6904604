"""composed: any vision encoder, a projector, and any causal language model.

M4CXR is Rad-DINO, a C-Abstractor and Mistral-7B-Instruct; CXR-LLaVA is a ViT-L/16 of one channel, a
matrix and LLaMA-2-chat. A composed folder holds vision/, projector.safetensors, language/ and
diascope.json, which says how they are put together.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from diascope.batching import Canvas
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.imaging.scaling import Scaling
from diascope.models.belonging import as_taught
from diascope.models.chat import CHATS
from diascope.models.chatting import ChatModel
from diascope.models.composition import Composition, Source
from diascope.models.family import Family
from diascope.models.folder import load_tokenizer, read_config, read_weights
from diascope.models.modelcard import CARD, Card, read_card, write_card
from diascope.models.parts import encoder as encoders
from diascope.models.parts import shipped
from diascope.models.parts.encoder import Encoder
from diascope.models.parts.language import refuse_unpackable
from diascope.models.parts.projector import Projector, projector

PROJECTOR = "projector.safetensors"


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
        return self.network.language.base_model

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
        return self.project(self.look(canvases))

    def look(self, canvases: Sequence[Canvas]) -> Tensor:
        """What the encoder itself says: [pictures, tokens, width of the encoder]."""
        vision = self.network.vision
        values = np.empty((len(canvases), vision.channels, *self.canvas), np.float32)
        for canvas, out in zip(canvases, values, strict=True):
            _scale(vision, canvas, out)
        seen: Tensor = vision(torch.from_numpy(values).to(self.network.dtype))
        return seen

    def project(self, patches: Tensor) -> Sequence[Tensor]:
        """Features as `see` gives them, of what `look` gave."""
        features: Tensor = self.network.projector(patches)
        return list(features)

    def image_tokens(self, canvas: Canvas) -> int:
        """As many for every picture."""
        return self.network.projector.num_tokens

    @property
    def networks(self) -> Mapping[str, Any]:
        """The encoder's and the language model."""
        return {"vision": self.network.vision.network, "language": self.network.language}

    @property
    def bases(self) -> Mapping[str, str]:
        """What the plan names, but for random weights and those that ship in another network."""
        told = {"vision": self.plan.vision.path, "language": self.plan.language.path}
        lie = {name: path for name, path in told.items() if path not in (None, shipped.NAME)}
        return {name: str(Path(lie[name] or "").resolve()) if name in lie else "" for name in told}

    def put(self, name: str, network: Any) -> None:
        """Another network in the place of one of `networks`."""
        if name == "vision":
            self.network.vision.network = network
        else:
            self.network.language = network

    def save(self, folder: Path) -> None:
        """The parts side by side."""
        for name in self.networks:
            self.save_part(name, folder / name)
        self.save_between(folder)
        write_card(folder, self.card)

    def save_part(self, name: str, folder: Path) -> None:
        """The encoder with its scaling, or the language model with its words."""
        if name == "vision":
            self.network.vision.save(folder)
            return
        self.network.language.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def save_between(self, folder: Path) -> None:
        """The projector."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.network.projector.state_dict(), folder / PROJECTOR)

    @property
    def card(self) -> Card:
        """With the plan."""
        return super().card.model_copy(update={"plan": self.plan})

    @property
    def _head(self) -> Any:
        return self.network.language.get_output_embeddings()

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
    refuse_unpackable(language)
    width = int(language.get_input_embeddings().weight.shape[1])
    middle = projector(plan.projector, (vision.num_tokens, vision.width), width).to(dtype)
    network = Network(vision, middle, language)
    return Composed(network, words, plan.dialect, plan.fit, CHATS[plan.chat], plan)


def load(folder: Path | None, dtype: torch.dtype) -> Composed:
    """What `Composed.save` has written."""
    if folder is None or not (folder / PROJECTOR).is_file():
        raise InputError("family 'composed': set model.compose, or model.path to a composed folder")
    card = read_card(folder)
    if card is None or card.plan is None:
        raise InputError(f"{folder}: its {CARD} does not say how its parts are put together")
    told = {part: Source(path=str(folder / part)) for part in ("vision", "language")}
    made = compose(card.plan.model_copy(update=told), dtype)
    read_projector(made.network.projector, folder)
    return as_taught(made, folder)


def read_projector(projector: Projector, folder: Path) -> None:
    """Fill a projector; InputError where the file is another one's."""
    path = folder / PROJECTOR
    try:
        projector.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError, OSError) as error:
        told = str(error).strip().split("\n", 1)[0]
        raise InputError(f"{path} does not fit the model that is put together: {told}") from None


def _vision(source: Source, dtype: torch.dtype) -> Encoder:
    if source.scratch is not None:
        return encoders.scratch(source.scratch, dtype)
    if source.path == shipped.NAME:
        return encoders.of(shipped.tower(dtype), Scaling())
    return encoders.load(_folder(source, "vision"), dtype)


def _language(source: Source, dtype: torch.dtype) -> tuple[Any, PreTrainedTokenizerFast]:
    if source.scratch is not None:
        config = AutoConfig.for_model(**source.scratch)
        made = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        return made.to(dtype), _words(source.tokenizer or "")
    if source.path == shipped.NAME:
        return shipped.language(dtype)
    path = _folder(source, "language")
    if path.suffix == ".gguf":
        return _gguf(path, dtype)
    read_config(path)
    loaded = read_weights(AutoModelForCausalLM, path, dtype)
    return loaded, _words(source.tokenizer or str(path))


def _gguf(path: Path, dtype: torch.dtype) -> tuple[Any, PreTrainedTokenizerFast]:
    """A language model and its tokenizer out of one file of llama.cpp's, its weights unpacked."""
    for package in ("gguf", "accelerate"):
        if find_spec(package) is None:
            raise InputError(f"{path}: reading it needs {package}: pip install {package}")
    named = {"gguf_file": path.name}
    options = {"local_files_only": True, "trust_remote_code": False, **named}
    try:
        loaded = AutoModelForCausalLM.from_pretrained(path.parent, dtype=dtype, **options)
    except (OSError, ValueError, IndexError, struct.error) as error:
        told = str(error).strip().split("\n", 1)[0]
        raise InputError(f"{path} cannot be read as a GGUF file: {told}") from None
    return loaded, load_tokenizer(path.parent, **named)


def _words(place: str) -> PreTrainedTokenizerFast:
    return shipped.chatting_tokenizer() if place == shipped.NAME else load_tokenizer(Path(place))


def _folder(source: Source, part: str) -> Path:
    if source.path is None:
        raise InputError(f"model.compose.{part}: give a path, or a configuration to start from")
    path = Path(source.path).expanduser()
    if not path.exists():
        raise InputError(f"model.compose.{part}: there is no {path}")
    return path


FAMILY = Family(name="composed", about="any encoder, projector, causal language model", load=load)
