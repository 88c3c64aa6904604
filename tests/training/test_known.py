import math

import pytest
import torch

from diascope.training.known import Confirm, Known

NAMES = ("edema", "nodule")


def test_only_what_is_known_is_in_the_loss() -> None:
    truths = [{"edema": 1.0}, {"nodule": 0.0, "edema": 1.0}, {}, {"elsewhere": 1.0}]
    logits = torch.tensor([[2.0, 9.0], [-1.0, 0.5], [9.0, 9.0], [9.0, 9.0]], requires_grad=True)
    known = Known.of(truths, NAMES)
    losses = known.per_picture(known.losses(logits), len(truths))
    mean = (math.log1p(math.exp(-0.5)) + 0.5 + math.log1p(math.exp(1.0))) / 2
    assert losses.tolist() == pytest.approx([math.log1p(math.exp(-2.0)), mean, 0.0, 0.0])
    losses.sum().backward()
    asked = [[True, False], [True, True], [False, False], [False, False]]
    assert (logits.grad != 0).tolist() == asked


def test_nothing_known_is_no_loss() -> None:
    known = Known.of([{}, {}], NAMES)
    assert known.per_picture(known.losses(torch.zeros(2, 2)), 2).tolist() == [0.0, 0.0]


def test_one_patch_that_responds_is_enough() -> None:
    head = Confirm(4, NAMES)
    patches = torch.zeros(1, 100, 4)
    with torch.no_grad():
        head.rows.weight.zero_()
        head.rows.bias.zero_()
        head.rows.weight[1, 0] = 1.0
        assert head(patches)[0].tolist() == pytest.approx([0.0, 0.0], abs=1e-5)
        patches[0, 17, 0] = 20.0
        confirmed = head(patches)[0]
    assert confirmed[0].item() == pytest.approx(0.0, abs=1e-5)
    assert confirmed[1].item() == pytest.approx(20.0 - math.log(100), abs=1e-3)
