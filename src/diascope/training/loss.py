"""The loss: cross-entropy on suffix and EOS, softened where near misses are nearly right."""

from typing import NamedTuple

import torch
from torch import Tensor

from diascope.batching import Batch
from diascope.models.family import VisionLanguageModel
from diascope.models.number_head import head_of
from diascope.training.losses.locations import token_losses
from diascope.training.losses.numbers import number_losses
from diascope.training.losses.shares import share_losses
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
    states = model.hidden(batch, everywhere=False)
    chosen = batch.loss_weights.nonzero()[:, 0]
    weights, owners = batch.loss_weights[chosen], batch.owners[chosen]
    logits = model.head(states[chosen - 1])
    targets = batch.input_ids[chosen]
    logprobs = torch.log_softmax(logits, dim=-1)
    losses = token_losses(logprobs, targets, model.location_ids(), config.location_sigma)
    rows = torch.searchsorted(chosen, torch.from_numpy(batch.graded.places).to(chosen))
    losses = number_losses(losses, logprobs, rows, batch.graded, config.number_distance) * weights
    each, total = _per_example(losses, owners, batch.num_examples), losses.sum()
    head = head_of(model)
    if head is not None and config.number_head > 0:
        first = torch.searchsorted(owners, torch.arange(batch.num_examples).to(owners))
        shares = share_losses(head, states[chosen[first] - 1], batch.numbers)
        shares = shares * config.number_head * _per_example(weights, owners, batch.num_examples)
        each, total = each + shares.detach(), total + shares.sum()
    with torch.no_grad():
        right = (logits.argmax(dim=-1) == targets).float()
        entropy = -(logprobs.exp() * logprobs).sum(dim=-1)
        counts = _per_example(torch.ones_like(weights), owners, batch.num_examples)
        means = (
            _per_example(told, owners, batch.num_examples) / counts for told in (right, entropy)
        )
        return Learnt(total, each, *means)


def _per_example(values: Tensor, owners: Tensor, num_examples: int) -> Tensor:
    return values.new_zeros(num_examples).index_add(0, owners, values.detach())
