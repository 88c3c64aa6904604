"""The model that a run made, as folders that transformers and peft load without diascope."""

from pathlib import Path
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from diascope.batching import Batch
from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel
from diascope.models.number_head import kept_apart
from diascope.training import heads

LIMIT, COARSE_LIMIT = 1e-3, 5e-2
"""How far a logit may move, as a share of the largest, with float32 weights and with shorter ones.

A sum of two weights that are rounded to the 8 bits of a bfloat16 is a new rounding.
"""


def save_model(model: VisionLanguageModel, folder: Path, probe: Batch | None = None) -> None:
    """Write it, low-rank updates added to what they update, heads of phases left out.

    InputError where that changes the logits of the probe: nothing is written then.
    """
    merge_exactly(model, probe)
    heads.drop(model.network)
    folder.mkdir(parents=True, exist_ok=True)
    with kept_apart(model, folder):
        model.save(folder)


def merge_exactly(model: VisionLanguageModel, probe: Batch | None) -> None:
    """Merge updates; InputError where the logits of the probe, a packed row, differ after it."""
    if probe is None or not any(isinstance(each, LoraLayer) for each in model.network.modules()):
        merge(model.network)
        return
    before = _logits(model, probe)
    merge(model.network)
    gap = float((_logits(model, probe) - before).abs().max() / before.abs().max().clamp_min(1.0))
    limit = LIMIT if _is_float32(model.network) else COARSE_LIMIT
    if not gap <= limit:
        raise InputError(
            f"merging the low-rank updates changes logits by {gap:.2g} of the largest, more than "
            f"{limit:g}: no merged model is written; the run's adapter folder holds them unmerged"
        )


def _logits(model: VisionLanguageModel, probe: Batch) -> Tensor:
    """[places with loss, vocabulary]"""
    model.network.eval()
    chosen = probe.loss_weights.nonzero()[:, 0] - 1
    with torch.no_grad():
        return model.head(model.hidden(probe)[chosen])


def _is_float32(network: nn.Module) -> bool:
    return all(each.dtype == torch.float32 for each in network.parameters())


def merge(network: Any) -> None:
    """Add low-rank updates to the layers that they were put into, and take them out."""
    layers = [name for name, module in network.named_modules() if isinstance(module, LoraLayer)]
    for name in layers:
        layer = network.get_submodule(name)
        layer.merge(safe_merge=True)
        parent, _, last = name.rpartition(".")
        setattr(network.get_submodule(parent), last, layer.get_base_layer())
