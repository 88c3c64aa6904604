"""Location tokens: a bin beside the right one is nearly right."""

from functools import lru_cache

import torch
from torch import Tensor


def token_losses(
    logprobs: Tensor, targets: Tensor, locations: tuple[int, int] | None, sigma: float
) -> Tensor:
    """Cross-entropy [tokens]; a location's target is a bell over its neighbours, `sigma` bins wide.

    Telling a small model that neighbours are nearly right is what lets it learn to point from
    little data.
    """
    losses = -logprobs.gather(1, targets[:, None])[:, 0]
    if locations is None or sigma <= 0:
        return losses
    first, last = locations
    places = ((targets >= first) & (targets <= last)).nonzero()[:, 0]
    if len(places) == 0:
        return losses
    table = _bells(last - first + 1, sigma)
    soft = table[targets[places] - first]
    softened = -(soft * logprobs[places, first : last + 1]).sum(dim=1)
    return losses.index_copy(0, places, softened)


@lru_cache(maxsize=4)
def _bells(num_bins: int, sigma: float) -> Tensor:
    """[bins, bins]: each row a normalised Gaussian round its own bin."""
    bins = torch.arange(num_bins).float()
    bells = torch.exp(-0.5 * ((bins[:, None] - bins[None, :]) / sigma) ** 2)
    return bells / bells.sum(dim=1, keepdim=True)
