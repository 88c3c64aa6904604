"""From logits to a token: greedy, or drawn at a temperature from the likeliest part of the mass."""

from collections.abc import Sequence

import torch
from torch import Tensor

from diascope.predictionfile import Sampling


def choose(
    logits: Tensor, sampling: Sampling, draws: Sequence[float]
) -> tuple[list[int], list[float]]:
    """A token for each row of [rows, vocabulary], and its log-probability at temperature 1.

    `draws` are numbers in [0, 1), one a row: randomness is an argument.
    """
    logprobs = torch.log_softmax(logits, dim=-1)
    if sampling.temperature == 0:
        tokens = logprobs.argmax(dim=-1)
    else:
        tokens = _drawn(logits / sampling.temperature, sampling.top_p, torch.tensor(draws))
    return tokens.tolist(), logprobs.gather(1, tokens[:, None])[:, 0].tolist()


def _drawn(logits: Tensor, top_p: float, draws: Tensor) -> Tensor:
    """Inverse transform over the sorted, truncated distribution (nucleus sampling)."""
    probabilities, order = torch.softmax(logits, dim=-1).sort(dim=-1, descending=True)
    before = probabilities.cumsum(dim=-1) - probabilities
    kept = probabilities * (before < top_p)
    edges = kept.cumsum(dim=-1)
    aim = draws.to(edges)[:, None] * edges[:, -1:]
    # a draw so near 1 that float32 rounds it up still takes a token that is kept
    last = (kept > 0).sum(dim=-1, keepdim=True) - 1
    place = (edges <= aim).sum(dim=-1, keepdim=True).minimum(last)
    return order.gather(1, place)[:, 0]
