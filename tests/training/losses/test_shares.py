import torch

from diascope.models.number_head import NumberHead
from diascope.training.losses.shares import share_losses


def head() -> NumberHead:
    torch.manual_seed(0)
    return NumberHead(8)


def test_examples_without_a_number_cost_nothing() -> None:
    states = torch.randn(3, 8, generator=torch.Generator().manual_seed(1), requires_grad=True)
    losses = share_losses(head(), states, (None, 0.25, None))
    assert losses[0] == losses[2] == 0 < losses[1]
    (gradient,) = torch.autograd.grad(losses.sum(), states)
    assert gradient[1].norm() > 0
    assert gradient[0].norm() == gradient[2].norm() == 0
    assert share_losses(head(), states, (None, None, None)).sum() == 0


def test_a_miss_counts_as_far_as_it_is() -> None:
    """Beyond a hundredth of the range twice as far costs twice as much, less what is rounded."""
    states, made = torch.zeros(3, 8), head()
    said = made(states)[0].item()
    losses = share_losses(made, states, (said, said + 0.1, said - 0.2))
    torch.testing.assert_close(losses, torch.tensor([0.0, 0.095, 0.195]), atol=1e-5, rtol=0)


def test_a_head_learns_a_number_of_a_state() -> None:
    made = head()
    states = torch.randn(64, 8, generator=torch.Generator().manual_seed(2))
    truths = tuple(torch.sigmoid(states[:, 0]).tolist())
    moves = torch.optim.Adam(made.parameters(), lr=0.01)
    before = share_losses(made, states, truths).mean().item()
    for _ in range(150):
        moves.zero_grad()
        loss = share_losses(made, states, truths).mean()
        loss.backward()
        moves.step()
    assert loss.item() < 0.2 * before
