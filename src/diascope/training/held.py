"""Matrices and tables that move in no phase, held in bfloat16 while a run lasts.

Half the memory of float32. Where autocast computes in bfloat16 they are used as they are; elsewhere
a part of a matrix at a time is made float32, in the backward pass again, so that the whole is never
held twice. What moves is not touched.
"""

from collections.abc import Iterator, Set
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

_PART = 1 << 23
"""Numbers of a matrix that are made float32 at a time: 32 MiB."""


class HeldLinear(nn.Linear):
    """A linear layer whose matrix is bfloat16 and whose values stay float32."""

    def forward(self, values: Tensor) -> Tensor:
        """[..., out_features] of [..., in_features]."""
        if values.dtype != torch.float32 or torch.is_autocast_enabled(values.device.type):
            return super().forward(values)
        product: Tensor = _Product.apply(values, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return product


class HeldEmbedding(nn.Embedding):
    """A table that is bfloat16 and gives float32."""

    was: type[nn.Embedding]

    def forward(self, ids: Tensor) -> Tensor:
        """[..., width]; scaled, where the table is one of Gemma 3's."""
        rows = embedding(ids, self.weight, self.padding_idx).float()
        scale = getattr(self, "embed_scale", None)
        return rows if scale is None else rows * scale


class _Product(torch.autograd.Function):
    """A linear layer's, without a gradient of its matrix."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(weight)
        products = [linear(values, part.float()) for part in _parts(weight)]
        product = products[0] if len(products) == 1 else torch.cat(products, dim=-1)
        return product if bias is None else product.add_(bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, Tensor | None]:
        gradient, (weight,) = gradients[0], ctx.saved_tensors
        to_values = to_bias = None
        if ctx.needs_input_grad[2]:
            to_bias = gradient.flatten(0, -2).sum(dim=0)
        if ctx.needs_input_grad[0]:
            parts = list(_parts(weight))
            cut = torch.split(gradient, [len(part) for part in parts], dim=-1)
            to_values = cut[0] @ parts[0].float()
            for piece, part in zip(cut[1:], parts[1:], strict=True):
                to_values += piece @ part.float()
        return to_values, None, to_bias


def hold(network: nn.Module, moved: Set[str]) -> None:
    """Hold the float32 matrices of linear layers and tables that are not among `moved`."""
    moving = {id(weight) for name, weight in network.named_parameters() if name in moved}
    found = [each for each in network.modules() if _may_be_held(each, moving)]
    for module in found:
        module.was = type(module)  # type: ignore[assignment]
        module.__class__ = HeldLinear if isinstance(module, nn.Linear) else HeldEmbedding
        module.weight.data = module.weight.data.bfloat16()


def release(network: nn.Module) -> None:
    """Give back as float32 what was held, rounded as it was learnt with."""
    for module in network.modules():
        if isinstance(module, HeldLinear | HeldEmbedding):
            module.__class__ = module.was  # type: ignore[assignment]
            module.weight.data = module.weight.data.float()


def _may_be_held(module: nn.Module, moving: Set[int]) -> bool:
    if type(module) is not nn.Linear and not isinstance(module, nn.Embedding):
        return False
    return id(module.weight) not in moving and module.weight.dtype == torch.float32


def _parts(weight: Tensor) -> Iterator[Tensor]:
    """Rows that are made float32 together."""
    yield from torch.split(weight, max(1, _PART // weight.shape[1]))
