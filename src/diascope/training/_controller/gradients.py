"""How hard each task pulls: the norm of its gradient on a few training cases."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from diascope.models.family import VisionLanguageModel
from diascope.records import Case
from diascope.training._controller.tally import rounded
from diascope.training.feed import Feed
from diascope.training.loss import learn
from diascope.training.supervision import LossConfig


def gradient_norms(
    model: VisionLanguageModel,
    feed: Feed,
    loss: LossConfig,
    probe: Mapping[str, Sequence[Case]],
    weights: Sequence[Tensor],
    cast: torch.autocast,
) -> dict[str, float]:
    """The norm over `weights`, by task, of the gradient of the mean loss of the task's cases.

    Without dropout. The gradients lie where a step's own would, so that no memory is taken beside
    them, and are gone when this returns: it stands between two steps.
    """
    model.network.eval()
    norms = {}
    for task, cases in probe.items():
        _clear(weights)
        with cast:
            mean = learn(model, feed.of(cases), loss).total / len(cases)
        mean.backward()  # type: ignore[no-untyped-call]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        norms[task] = rounded(torch.nn.utils.get_total_norm(gradients).item())
    _clear(weights)
    return norms


def _clear(weights: Sequence[Tensor]) -> None:
    for weight in weights:
        weight.grad = None
