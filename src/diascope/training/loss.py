"""The loss: cross-entropy on suffix and EOS, softened over neighbouring location bins."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from diascope.batching import Batch
from diascope.models.family import VisionLanguageModel
from diascope.training.supervision import LossConfig


class Learnt(NamedTuple):
    """What a packed row teaches."""

    total: Tensor
    """The sum over examples of each one's loss, which is a mean over its suffix, times its weight.

    Short answers weigh as much as long ones. A step divides by the examples of the whole step.
    """
    losses: Tensor
    """[examples] the same one by one, without a gradient."""
    right: Tensor
    """[examples] share of the suffix's tokens that were the likeliest."""
    entropy: Tensor
    """[examples] mean over the suffix of the entropy of what might have come, nats."""


def learn(model: VisionLanguageModel, batch: Batch, config: LossConfig) -> Learnt:
    """Only the places that predict a weighted token reach the vocabulary, the rest is never
    computed."""
    chosen = batch.loss_weights.nonzero()[:, 0]
    weights, owners = batch.loss_weights[chosen], batch.owners[chosen]
    logits = model.head(model.hidden(batch)[chosen - 1])
    targets = batch.input_ids[chosen]
    losses = token_losses(logits, targets, model.location_ids(), config.location_sigma) * weights
    total = losses.sum()
    with torch.no_grad():
        said = torch.log_softmax(logits, dim=-1)
        right = (logits.argmax(dim=-1) == targets).float()
        entropy = -(said.exp() * said).sum(dim=-1)
        counts = _per_example(torch.ones_like(weights), owners, batch.num_examples)
        shares = (
            _per_example(each, owners, batch.num_examples) / counts for each in (right, entropy)
        )
        return Learnt(total, _per_example(losses, owners, batch.num_examples), *shares)


def _per_example(values: Tensor, owners: Tensor, num_examples: int) -> Tensor:
    return values.new_zeros(num_examples).index_add(0, owners, values.detach())


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
