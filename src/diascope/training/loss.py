"""The loss: cross-entropy on suffix and EOS, softened over neighbouring location bins."""

from functools import lru_cache

import torch
from torch import Tensor

from diascope.batching import Batch
from diascope.models.family import VisionLanguageModel


def batch_loss(model: VisionLanguageModel, batch: Batch, location_sigma: float) -> Tensor:
    """Mean over examples of each one's mean over its suffix, so that short answers weigh as much.

    Only the places that predict a weighted token reach the vocabulary; the rest is never computed.
    """
    chosen = batch.loss_weights.nonzero()[:, 0]
    logits = model.head(model.hidden(batch)[chosen - 1])
    losses = token_losses(logits, batch.input_ids[chosen], model.location_ids(), location_sigma)
    return (losses * batch.loss_weights[chosen]).sum() / batch.num_examples


def token_losses(
    logits: Tensor, targets: Tensor, locations: tuple[int, int] | None, sigma: float
) -> Tensor:
    """Cross-entropy [tokens]; a location's target is a bell over its neighbours, `sigma` bins wide.

    A bin beside the right one is nearly right; telling a small model so is what lets it learn to
    point from little data.
    """
    logprobs = torch.log_softmax(logits, dim=-1)
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
