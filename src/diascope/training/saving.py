"""The model that a run made, as a folder that transformers loads without diascope."""

from pathlib import Path
from typing import Any

from peft.tuners.lora import LoraLayer

from diascope.models.family import VisionLanguageModel


def save_model(model: VisionLanguageModel, folder: Path) -> None:
    """Write it, low-rank updates added to the weights that they update."""
    merge(model.network)
    model.save(folder)


def merge(network: Any) -> None:
    """Add low-rank updates to the layers that they were put into, and take them out."""
    layers = [name for name, module in network.named_modules() if isinstance(module, LoraLayer)]
    for name in layers:
        layer = network.get_submodule(name)
        layer.merge(safe_merge=True)
        parent, _, last = name.rpartition(".")
        setattr(network.get_submodule(parent), last, layer.get_base_layer())
