"""The number head's own loss: how far off its share of the range is."""

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from diascope.models.number_head import NumberHead

_ROUND = 0.01
"""Within a hundredth of the range errors count squared, beyond it as they are, as a mean absolute
error does."""


def share_losses(head: NumberHead, states: Tensor, numbers: tuple[float | None, ...]) -> Tensor:
    """[examples] from the last states of their prefixes [examples, width]; 0 without a number."""
    chosen = [place for place, number in enumerate(numbers) if number is not None]
    losses = states.new_zeros(len(states), dtype=torch.float32)
    if not chosen:
        return losses
    places = torch.tensor(chosen, device=states.device)
    truths = losses.new_tensor([number for number in numbers if number is not None])
    found = smooth_l1_loss(head(states[places]), truths, reduction="none", beta=_ROUND)
    return losses.index_copy(0, places, found)
