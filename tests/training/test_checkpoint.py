from pathlib import Path

import pytest
import torch
from torch import nn

from diascope.training import checkpoint
from diascope.training.config import OptimConfig
from diascope.training.optim import everything, optimizer


def stepped(name: str, steps: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = nn.Linear(4, 3)
    moves = optimizer(everything(network), OptimConfig(name=name))  # type: ignore[arg-type]
    for number in range(steps):
        step(network, moves, number)
    return network, moves


def weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.detach() for name, weight in network.named_parameters()}


def step(network: nn.Module, moves: torch.optim.Optimizer, number: int) -> None:
    moves.zero_grad()
    network(torch.full((2, 4), float(number))).square().sum().backward()
    moves.step()


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_what_is_restored_goes_on_to_the_bit(name: str, tmp_path: Path) -> None:
    network, moves = stepped(name, 3)
    checkpoint.save(
        tmp_path / "step-3", weights(network), checkpoint.optimizer_tensors(moves), {"step": 3}
    )
    fresh, fresh_moves = stepped(name, 0)
    checkpoint.restore_weights(tmp_path / "step-3", fresh)
    checkpoint.restore_optimizer(tmp_path / "step-3", fresh_moves)
    assert checkpoint.read_state(tmp_path / "step-3") == {"step": 3}
    for number in (3, 4):
        step(network, moves, number)
        step(fresh, fresh_moves, number)
    for ours, theirs in zip(network.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_half_written_checkpoint_is_not_seen(tmp_path: Path) -> None:
    network, moves = stepped("adamw", 1)
    checkpoint.save(
        tmp_path / "step-00000001",
        weights(network),
        checkpoint.optimizer_tensors(moves),
        {"step": 1},
    )
    torn = tmp_path / ".step-00000002.partial"
    torn.mkdir()
    (torn / checkpoint.WEIGHTS).write_bytes(b"half")
    assert checkpoint.latest(tmp_path) == tmp_path / "step-00000001"
    checkpoint.save(
        tmp_path / "step-00000002",
        weights(network),
        checkpoint.optimizer_tensors(moves),
        {"step": 2},
    )
    assert checkpoint.latest(tmp_path) == tmp_path / "step-00000002"


def test_old_checkpoints_go(tmp_path: Path) -> None:
    network, moves = stepped("sgd", 1)
    for number in (1, 2, 3):
        checkpoint.save(
            tmp_path / f"step-{number:08d}",
            weights(network),
            checkpoint.optimizer_tensors(moves),
            {"step": number},
        )
    checkpoint.prune(tmp_path, keep=2)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-00000002", "step-00000003"]
