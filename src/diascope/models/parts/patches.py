"""A patch embedding that reads 8-bit grey as it is, beside scaled colour.

A patch embedding is linear, and so is the scaling of pixels: for a grey picture, whose three
channels are equal, both are one embedding of one byte a pixel. The weights are those of the plain
one and are folded at every pass, so that they learn, are saved and are loaded as ever.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from diascope.imaging.scaling import Scaling


class Patches(nn.Conv2d):
    """The convolution of a vision tower, for three scaled channels or one of 0 to 255."""

    scaling: Scaling

    def forward(self, values: Tensor) -> Tensor:
        """[pictures, width, rows, columns] of [pictures, 3 or 1, height, width]."""
        if values.shape[1] == 3:
            return super().forward(values)
        mean, std = (self.weight.new_tensor(each)[:, None, None] for each in self.scaling)
        bias = 0.0 if self.bias is None else self.bias
        weight = (self.weight / (255 * std)).sum(dim=1, keepdim=True)
        moved = bias - (self.weight * (mean / std)).sum(dim=(1, 2, 3))
        return conv2d(values, weight, moved, self.stride)


def reads_grey(network: Any, scaling: Scaling) -> bool:
    """Let a network's SigLIP tower read bytes of grey; whether it has one, in float32.

    Values of 0 to 255 leave a shorter float too few digits.
    """
    tower = getattr(getattr(network, "model", network), "vision_tower", None)
    embeddings = getattr(getattr(tower, "vision_model", tower), "embeddings", None)
    plain = getattr(embeddings, "patch_embedding", None)
    if not isinstance(plain, nn.Conv2d) or plain.weight.dtype != torch.float32:
        return False
    if plain.in_channels != 3 or plain.padding not in ((0, 0), "valid"):
        return False
    plain.__class__ = Patches
    cast("Patches", plain).scaling = scaling
    return True
