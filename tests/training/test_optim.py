import pytest
from torch import nn

from diascope.training.config import OptimConfig
from diascope.training.moving import Moving
from diascope.training.optim import everything, learning_rate, optimizer, set_learning_rate


@pytest.mark.parametrize(
    ("schedule", "middle", "last"),
    [("cosine", 0.5, 0.0), ("linear", 0.5, 0.0), ("constant", 1.0, 1.0)],
)
def test_a_straight_rise_and_then_the_schedule(schedule: str, middle: float, last: float) -> None:
    config = OptimConfig(lr=2.0, schedule=schedule)  # type: ignore[arg-type]
    rates = [learning_rate(config, step, num_steps=110, num_warmup=10) for step in range(111)]
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert max(rates) == 2.0
    assert rates[60] == pytest.approx(2.0 * middle)
    assert rates[110] == pytest.approx(2.0 * last, abs=1e-6)


def test_weights_move_at_their_shares() -> None:
    slow, whole = nn.Linear(2, 2), nn.Linear(2, 2)
    moving = [Moving("slow", slow.weight, 0.25), Moving("whole", whole.bias, 1.0)]
    moves = optimizer(moving, OptimConfig())
    set_learning_rate(moves, 0.8)
    rates = {id(w): group["lr"] for group in moves.param_groups for w in group["params"]}
    assert rates == {id(slow.weight): pytest.approx(0.2), id(whole.bias): pytest.approx(0.8)}


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_only_matrices_decay(name: str) -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed_tokens = nn.Embedding(5, 4)
            self.linear = nn.Linear(4, 3)
            self.frozen = nn.Linear(3, 3).requires_grad_(False)

    network = Network()
    made = optimizer(everything(network), OptimConfig(name=name, weight_decay=0.1))  # type: ignore[arg-type]
    decays = {id(w): group["weight_decay"] for group in made.param_groups for w in group["params"]}
    assert decays == {
        id(network.linear.weight): 0.1,
        id(network.linear.bias): 0.0,
        id(network.embed_tokens.weight): 0.0,
    }
