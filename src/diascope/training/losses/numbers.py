"""The tokens of numbers: a number beside the right one is nearly right, a far one is worse.

Two terms over the choices of a place (see `batching.Graded`). The first is cross-entropy against
the share of a bell round the true number that each choice keeps: near 199.6 both 1 and 2 are good
hundreds. The second is the expected distance, in shares of the range, to the nearest number that
a choice still allows: a wrong hundreds digit costs up to hundreds, a wrong unit costs units (an
optimal-completion cost, as in arXiv 1810.01398, with the place value that a distance between
digits alone, as in arXiv 2411.02083, has not).
"""

import torch
from torch import Tensor

from diascope.batching import Graded


def number_losses(
    losses: Tensor, logprobs: Tensor, rows: Tensor, graded: Graded, distance_weight: float
) -> Tensor:
    """The losses [tokens], those of graded places replaced by the two terms above.

    `rows` [choices] says which row of `logprobs` [tokens, vocabulary] a choice belongs to.
    """
    if len(graded.tokens) == 0:
        return losses
    tokens, mass, distance = (torch.from_numpy(each).to(losses.device) for each in graded[1:])
    said = logprobs[rows, tokens]
    costs = distance_weight * distance * said.exp() - mass * said
    summed = torch.zeros_like(losses).index_add(0, rows, costs.to(losses.dtype))
    is_graded = torch.zeros_like(losses, dtype=torch.bool).index_fill(0, rows, True)
    return torch.where(is_graded, summed, losses)
