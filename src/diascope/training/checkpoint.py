"""Checkpoints: a folder of safetensors and JSON that is whole or is not there.

Everything is written to a hidden folder, flushed to disk, and renamed; a run that is killed at any
moment finds its last whole checkpoint. The state is three integers (step, and by it the position
in the mixture; the seed is in the configuration) and the optimiser's tensors.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


def save(
    folder: Path,
    weights: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    state: dict[str, Any],
) -> None:
    """Publish a checkpoint under `folder`, replacing one of that name."""
    hidden = fresh(folder)
    save_file(_contiguous(weights), hidden / WEIGHTS)
    save_file(_optimizer_tensors(optimizer), hidden / OPTIMIZER)
    (hidden / STATE).write_text(json.dumps(state) + "\n")
    publish(hidden, folder)


def publish(hidden: Path, folder: Path) -> None:
    """Flush a finished folder to disk and give it its name."""
    for path in filter(Path.is_file, hidden.rglob("*")):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if folder.exists():
        shutil.rmtree(folder)
    hidden.rename(folder)


def read_state(folder: Path) -> dict[str, Any]:
    """What `save` was told to remember."""
    state: dict[str, Any] = json.loads((folder / STATE).read_text())
    return state


def restore_optimizer(folder: Path, optimizer: torch.optim.Optimizer) -> None:
    """Fill an optimiser over the same weights."""
    parameters = _parameters(optimizer)
    for key, value in load_file(folder / OPTIMIZER).items():
        number, name = key.split(".", 1)
        optimizer.state[parameters[int(number)]][name] = value


def save_weights(folder: Path, weights: Mapping[str, Tensor]) -> None:
    """Publish weights alone."""
    hidden = fresh(folder)
    save_file(_contiguous(weights), hidden / WEIGHTS)
    publish(hidden, folder)


def restore_weights(folder: Path, network: nn.Module) -> None:
    """Fill the weights that a checkpoint holds; what never moved is not in it."""
    saved, own = load_file(folder / WEIGHTS), dict(network.named_parameters())
    with torch.no_grad():
        for name, weight in saved.items():
            own[name].copy_(weight)


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint in a folder of `step-...` checkpoints."""
    whole = [path for path in folder.glob("step-*") if (path / STATE).is_file()]
    return max(whole, default=None)


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints."""
    for path in sorted(folder.glob("step-*"))[:-keep]:
        shutil.rmtree(path)


def fresh(folder: Path) -> Path:
    """An empty hidden folder beside the one that is to be published."""
    hidden = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    return hidden


def _contiguous(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.contiguous() for name, weight in weights.items()}


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{number}.{name}": value.contiguous()
        for number, weight in enumerate(_parameters(optimizer))
        for name, value in optimizer.state[weight].items()
        if isinstance(value, Tensor)
    }
