"""A vision tower that reads 8-bit grey canvases as they are, its scaling folded into its weights.

    fold(model.network)
    batch = replace(batch, pixel_values=grey)    # uint8 [images, 1, height, width]

For data that is grey throughout: a colour canvas has no way through it, and weights that were
folded are no model's that can be saved.
"""

from typing import Any

import torch
from torch import nn

from diascope.errors import InputError
from diascope.imaging.scaling import Scaling


def fold(network: nn.Module, scaling: Scaling = Scaling()) -> None:  # noqa: B008 - frozen
    """Replace the patch embedding of a SigLIP tower, in place, by the one of plain grey values.

    What comes after it is unchanged but for rounding (`Scaling.fold`). InputError where the network
    has no such tower, where its embedding is not of three channels, or not in float32: values of
    0 to 255 leave a shorter float too few digits.
    """
    embeddings = _embeddings(network)
    plain = embeddings.patch_embedding
    if plain.in_channels != 3 or plain.weight.dtype != torch.float32:
        told = f"{plain.in_channels} channels of {plain.weight.dtype}"
        raise InputError(f"its patches are embedded from {told}: load it anew in float32")
    folded = scaling.fold(*(each.detach().cpu().numpy() for each in (plain.weight, plain.bias)))
    grey = nn.Conv2d(1, plain.out_channels, plain.kernel_size, plain.stride, device="meta")
    grey.weight, grey.bias = (
        nn.Parameter(torch.from_numpy(each).to(plain.weight.device), requires_grad=False)
        for each in folded
    )
    embeddings.patch_embedding = grey


def _embeddings(network: Any) -> Any:
    """Where SigLIP keeps its patch embedding, with or without a module around its tower."""
    tower = getattr(getattr(network, "model", network), "vision_tower", None)
    embeddings = getattr(getattr(tower, "vision_model", tower), "embeddings", None)
    if not hasattr(embeddings, "patch_embedding"):
        raise InputError(
            f"{type(network).__name__} has no SigLIP vision tower whose scaling could be folded"
        )
    return embeddings
