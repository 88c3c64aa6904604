import numpy as np
import torch
from torch.nn.functional import cross_entropy

from diascope.batching import Example, Span, pack
from diascope.models.tiny import from_scratch
from diascope.training.loss import learn, token_losses
from diascope.training.supervision import HARD

LOCATIONS = (10, 29)


def test_hard_targets_are_plain_cross_entropy() -> None:
    logits = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 5, 10, 29, 30, 39])
    losses = token_losses(logits, targets, LOCATIONS, sigma=0.0)
    torch.testing.assert_close(losses, cross_entropy(logits, targets, reduction="none"))


def test_words_are_not_softened() -> None:
    logits = torch.randn(3, 40, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0, 9, 30])
    losses = token_losses(logits, targets, LOCATIONS, sigma=2.0)
    torch.testing.assert_close(losses, cross_entropy(logits, targets, reduction="none"))


def test_a_near_bin_costs_less_than_a_far_one() -> None:
    confident = torch.full((40,), -10.0)
    near, far = confident.clone(), confident.clone()
    near[21], far[28] = 10.0, 10.0
    losses = token_losses(torch.stack([near, far]), torch.tensor([20, 20]), LOCATIONS, sigma=2.0)
    assert losses[0] < losses[1]


def test_the_bell_is_the_cheapest_prediction() -> None:
    """Descending the softened loss ends at a bell round the true bin, cut off at the ends."""
    logits = torch.zeros(1, 40, requires_grad=True)
    target = torch.tensor([11])
    for _ in range(800):
        loss = token_losses(logits, target, LOCATIONS, sigma=1.5).sum()
        (gradient,) = torch.autograd.grad(loss, logits)
        logits = (logits - 5.0 * gradient).detach().requires_grad_(True)
    learnt = torch.softmax(logits, dim=1)[0]
    bell = torch.exp(-0.5 * ((torch.arange(10, 30) - 11) / 1.5) ** 2)
    torch.testing.assert_close(learnt[10:30], bell / bell.sum(), atol=5e-3, rtol=0.0)
    assert learnt[:10].sum() + learnt[30:].sum() < 0.02


def test_what_a_row_teaches_is_told_example_by_example() -> None:
    """The mean over its own suffix, times its weight; whoever lies beside it in the row."""
    model = from_scratch(seed=0)
    canvas = np.zeros((128, 128), np.uint8)
    image = (model.image_id,) * 64
    rows = [
        Example((*image, 2, 30), (40, 41, 1), (canvas,), (Span(0, 66),), weight=2.0),
        Example((*image, 2, 30, 31), (50, 1), (canvas,), (Span(0, 67),)),
    ]
    with torch.no_grad():
        both = learn(model, pack(rows), HARD)
        alone = [learn(model, pack([row]), HARD) for row in rows]
        logits = model.head(model.hidden(pack(rows[:1]))[65:68])
    torch.testing.assert_close(both.losses, torch.cat([each.losses for each in alone]))
    torch.testing.assert_close(both.total, both.losses.sum())
    torch.testing.assert_close(both.losses[0], 2 * cross_entropy(logits, torch.tensor([40, 41, 1])))
    hits = (logits.argmax(dim=1) == torch.tensor([40, 41, 1])).float().mean()
    assert both.right[0] == hits
    said = torch.distributions.Categorical(logits=logits).entropy().mean()
    torch.testing.assert_close(both.entropy[0], said)
