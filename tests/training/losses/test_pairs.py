"""CLIP's and SigLIP's losses against their formulas, term by term."""

import math

import pytest
import torch
from torch import Tensor

from diascope.training.losses.pairs import PAIR_LOSSES, clip_losses, siglip_losses

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 0.25], [-0.5, 3.0, 1.5]])
ALONE = torch.eye(3, dtype=torch.bool)


def test_clip_by_hand() -> None:
    rows = LOGITS.tolist()
    columns = LOGITS.T.tolist()
    expected = [
        (
            -math.log(math.exp(row[n]) / sum(map(math.exp, row)))
            - math.log(math.exp(column[n]) / sum(map(math.exp, column)))
        )
        / 2
        for n, (row, column) in enumerate(zip(rows, columns, strict=True))
    ]
    assert clip_losses(LOGITS, ALONE).tolist() == pytest.approx(expected, rel=1e-6)


def test_siglip_by_hand() -> None:
    expected = [
        sum(math.log1p(math.exp(-logit if i == j else logit)) for j, logit in enumerate(row))
        for i, row in enumerate(LOGITS.tolist())
    ]
    assert siglip_losses(LOGITS, ALONE).tolist() == pytest.approx(expected, rel=1e-6)


def test_clip_shares_its_target_among_all_that_belong() -> None:
    right = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    logprobs = torch.log_softmax(LOGITS, dim=1), torch.log_softmax(LOGITS, dim=0)
    first = -(logprobs[0][0, 0] + logprobs[0][0, 1]) / 2 - (logprobs[1][:2, 0].sum()) / 2
    assert clip_losses(LOGITS, right)[0].item() == pytest.approx(first.item() / 2, rel=1e-6)


@pytest.mark.parametrize("name", PAIR_LOSSES)
def test_what_belongs_is_never_pushed_away(name: str) -> None:
    """The gradient draws every right pair together and every wrong one apart."""
    right = torch.tensor([[True, False, True], [False, True, False], [True, False, True]])
    logits = torch.zeros(3, 3, requires_grad=True)
    PAIR_LOSSES[name](logits, right).sum().backward()
    pull: Tensor = -logits.grad
    assert (pull[right] > 0).all()
    assert (pull[~right] < 0).all()
