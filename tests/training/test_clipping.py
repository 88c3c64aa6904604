import math

import pytest
import torch
from torch import nn

from diascope.training.clipping import clip, squares


def weights(*gradients: torch.Tensor | None) -> list[nn.Parameter]:
    made = []
    for gradient in gradients:
        weight = nn.Parameter(torch.zeros(gradient.shape if gradient is not None else (2,)))
        weight.grad = gradient
        made.append(weight)
    return made


def test_the_norm_of_a_large_matrix_is_exact() -> None:
    """torch's own is off in the fourth digit here."""
    gradient = torch.full((4_000_000,), 1e-3)
    assert math.sqrt(squares(weights(gradient))) == pytest.approx(2.0, rel=1e-6)


def test_a_large_gradient_is_shrunk_and_a_small_one_stays() -> None:
    given = weights(torch.tensor([3.0]), None, torch.tensor([4.0]))
    norm = math.sqrt(squares(given))
    assert norm == pytest.approx(5.0)
    clip(given, norm, 10.0)
    assert [given[0].grad.item(), given[2].grad.item()] == [3.0, 4.0]
    clip(given, norm, 1.0)
    assert math.sqrt(squares(given)) == pytest.approx(1.0, rel=1e-5)
    assert given[1].grad is None


def test_without_a_gradient_there_is_nothing_to_clip() -> None:
    assert squares(weights(None)) == 0.0
