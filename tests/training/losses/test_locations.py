import torch
from torch.nn.functional import cross_entropy

from diascope.training.losses.locations import token_losses

LOCATIONS = (10, 29)


def said(logits: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits, dim=-1)


def test_hard_targets_are_plain_cross_entropy() -> None:
    logits = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 5, 10, 29, 30, 39])
    losses = token_losses(said(logits), targets, LOCATIONS, sigma=0.0)
    torch.testing.assert_close(losses, cross_entropy(logits, targets, reduction="none"))


def test_words_are_not_softened() -> None:
    logits = torch.randn(3, 40, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 9, 30])
    losses = token_losses(said(logits), targets, LOCATIONS, sigma=2.0)
    torch.testing.assert_close(losses, cross_entropy(logits, targets, reduction="none"))


def test_a_near_bin_costs_less_than_a_far_one() -> None:
    confident = torch.full((40,), -10.0)
    near, far = confident.clone(), confident.clone()
    near[21], far[28] = 10.0, 10.0
    logprobs = said(torch.stack([near, far]))
    losses = token_losses(logprobs, torch.tensor([20, 20]), LOCATIONS, sigma=2.0)
    assert losses[0] < losses[1]


def test_the_bell_is_the_cheapest_prediction() -> None:
    """Descending the softened loss ends at a bell round the true bin, cut off at the ends."""
    logits = torch.zeros(1, 40, requires_grad=True)
    target = torch.tensor([11])
    for _ in range(800):
        loss = token_losses(said(logits), target, LOCATIONS, sigma=1.5).sum()
        (gradient,) = torch.autograd.grad(loss, logits)
        logits = (logits - 5.0 * gradient).detach().requires_grad_(True)
    learnt = torch.softmax(logits, dim=1)[0]
    bell = torch.exp(-0.5 * ((torch.arange(10, 30) - 11) / 1.5) ** 2)
    torch.testing.assert_close(learnt[10:30], bell / bell.sum(), atol=5e-3, rtol=0.0)
    assert learnt[:10].sum() + learnt[30:].sum() < 0.02
