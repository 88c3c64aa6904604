"""Vision encoders of composed models: whatever transformers loads, and EfficientNet-Lite0."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from diascope.errors import InputError
from diascope.imaging.scaling import Scaling
from diascope.models.folder import read_config, read_json, read_weights
from diascope.models.parts.efficientnet_lite import EfficientNetLite0

LITE = "efficientnet_lite0.safetensors"
LITE_TYPE = "efficientnet_lite0"
LITE_SIDE = 224
_PREPROCESSOR = "preprocessor_config.json"


class Encoder(nn.Module):
    """[pictures, channels, side, side] scaled values to [pictures, num_tokens, width].

    Tokens that stand for no patch (CLS, registers) are dropped; a map becomes rows of tokens.
    """

    def __init__(self, network: nn.Module, side: int, channels: int, scaling: Scaling) -> None:
        super().__init__()
        self.network, self.side, self.channels, self.scaling = network, side, channels, scaling
        network.eval()  # a blank picture must not move the running means of batch norms
        with torch.no_grad():
            weight = next(network.parameters())
            seen = self(torch.zeros(1, channels, side, side, dtype=weight.dtype))
        self.num_tokens, self.width = int(seen.shape[1]), int(seen.shape[2])

    def forward(self, values: Tensor) -> Tensor:
        """The last layer's tokens, rows of patches from the top."""
        out = self.network(values)
        states: Tensor = out if isinstance(out, Tensor) else out.last_hidden_state
        if states.ndim == 4:
            return states.flatten(2).transpose(1, 2)
        patch = getattr(self.network.config, "patch_size", None)
        patches = (self.side // patch) ** 2 if isinstance(patch, int) else states.shape[1]
        return states[:, states.shape[1] - patches :]

    def save(self, folder: Path) -> None:
        """So that `load` finds it again."""
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(self.network, EfficientNetLite0):
            save_file(self.network.state_dict(), folder / LITE)
        else:
            self.network.save_pretrained(folder)  # type: ignore[operator]
        said = {"image_mean": self.scaling.mean, "image_std": self.scaling.std}
        (folder / _PREPROCESSOR).write_text(json.dumps(said | {"size": self.side}) + "\n")


def load(folder: Path, dtype: torch.dtype) -> Encoder:
    """An encoder from a local folder; InputError where it holds none."""
    if (folder / LITE).is_file():
        network = EfficientNetLite0()
        try:
            network.load_state_dict(load_file(folder / LITE))
        except (RuntimeError, SafetensorError) as error:
            told = str(error).strip().split("\n", 1)[0]
            raise InputError(f"{folder / LITE} is no EfficientNet-Lite0: {told}") from None
        return Encoder(network.to(dtype), _side(folder), 3, _scaling(folder, Scaling()))
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} is no encoder: it has neither {LITE} nor config.json")
    read_config(folder)
    # a classifier's folder lacks the pooling that AutoModel adds and that is never read here
    return of(read_weights(AutoModel, folder, dtype, ("pooler",)), _scaling(folder, Scaling()))


def scratch(fields: dict[str, Any], dtype: torch.dtype) -> Encoder:
    """Random weights of the architecture that a transformers configuration spells.

    Of model type `efficientnet_lite0`, which transformers does not know, `image_size` is all.
    """
    if fields["model_type"] == LITE_TYPE:
        side = int(fields.get("image_size", LITE_SIDE))
        return Encoder(EfficientNetLite0().to(dtype), side, 3, Scaling())
    config = AutoConfig.for_model(**fields)
    network = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    return of(network.to(dtype), Scaling())


def of(network: Any, scaling: Scaling) -> Encoder:
    """An encoder of a transformers model; of one with a text tower (SigLIP, CLIP) the other."""
    network = getattr(network, "vision_model", network)
    config = network.config
    side = getattr(config, "image_size", None) or LITE_SIDE
    return Encoder(network, int(side), int(getattr(config, "num_channels", 3)), scaling)


def _side(folder: Path) -> int:
    path = folder / _PREPROCESSOR
    said = read_json(path) if path.is_file() else {}
    side = said.get("size", LITE_SIDE)
    return side if isinstance(side, int) else LITE_SIDE


def _scaling(folder: Path, usual: Scaling) -> Scaling:
    path = folder / _PREPROCESSOR
    said = read_json(path) if path.is_file() else {}
    mean, std = said.get("image_mean", usual.mean), said.get("image_std", usual.std)
    return Scaling(tuple(mean), tuple(std))
