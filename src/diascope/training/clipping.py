"""Gradients clipped to a norm that comes out alike however the weights lie on the processes.

torch's own sums squares in float32, which is off by one part in ten thousand for a matrix of a few
million numbers, and off otherwise when the matrix is cut in two.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

_EPSILON = 1e-6
"""As torch.nn.utils.clip_grad_norm_ has it."""


def squares(weights: Sequence[Tensor]) -> float:
    """The sum of the squares of the gradients that this process holds."""
    norms = [
        torch.linalg.vector_norm(gradient, dtype=torch.float64)
        for gradient in map(_gradient, weights)
        if gradient is not None
    ]
    return float(torch.stack(norms).square().sum()) if norms else 0.0


def clip(weights: Sequence[Tensor], norm: float, most: float) -> None:
    """Shrink the gradients, of that norm together, to a norm of `most`; a smaller one stays."""
    scale = most / (norm + _EPSILON)
    if scale < 1:
        for gradient in map(_gradient, weights):
            if gradient is not None:
                gradient.mul_(scale)


def _gradient(weight: Tensor) -> Tensor | None:
    gradient = weight.grad
    return gradient.to_local() if isinstance(gradient, DTensor) else gradient
