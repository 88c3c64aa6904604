"""The last layer reads only what is asked: behind its attention no token sees another."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def narrowed(decoder: Any, places: list[int], length: int) -> Iterator[None]:
    """Let the feed-forward part of the last layer read these places of a packed row alone.

    States of the others are then of no use. Nothing is narrowed in a decoder whose layers are built
    otherwise than those of Llama and its kin.
    """
    mlp = getattr(getattr(decoder, "layers", (None,))[-1], "mlp", None)
    if not isinstance(mlp, nn.Module):
        yield
        return
    chosen = torch.tensor(places, device=next(mlp.parameters()).device)

    def narrow(_: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        return (given[0].index_select(1, chosen),)

    def widen(_: nn.Module, __: Any, out: Tensor) -> Tensor:
        return out.new_zeros(1, length, out.shape[-1]).index_copy(1, chosen, out)

    hooks = [mlp.register_forward_pre_hook(narrow), mlp.register_forward_hook(widen)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
