"""Losses of pictures and texts that are compared with one another, one number an example.

`logits` are [pictures, texts]; `right` says which belong together, the diagonal always.
"""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.functional import log_softmax, logsigmoid


def clip_losses(logits: Tensor, right: Tensor) -> Tensor:
    """[examples] half of both cross-entropies, over the texts and over the pictures.

    As in CLIP (arXiv 2103.00020, figure 3); where more than one belongs, the target is shared
    evenly among them.
    """
    rows, columns = (_cross_entropies(*each) for each in ((logits, right), (logits.T, right.T)))
    return (rows + columns) / 2


def siglip_losses(logits: Tensor, right: Tensor) -> Tensor:
    """[examples] the sum over the texts of a yes or no each (SigLIP, arXiv 2303.15343, eq. 1)."""
    signs = 2 * right.to(logits.dtype) - 1
    return -logsigmoid(signs * logits).sum(dim=1)


def _cross_entropies(logits: Tensor, right: Tensor) -> Tensor:
    shares = right.to(logits.dtype) / right.sum(dim=1, keepdim=True)
    return -(shares * log_softmax(logits, dim=1)).sum(dim=1)


PAIR_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "clip": clip_losses,
    "siglip": siglip_losses,
}
"""By the name that a phase gives them."""
