"""Checkpoints: a folder of safetensors and JSON that is whole or is not there.

Everything is written to a hidden folder, flushed to disk, and renamed; a run that is killed at any
moment, or whose disk fails, finds its last whole checkpoint. The state is three integers (step, and
by it the position in the mixture; the seed is in the configuration) and the optimiser's tensors.
What several processes have learnt is gathered first, so a checkpoint does not tell their number.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from diascope.errors import InputError

_PARTIAL, _ASIDE = ".partial", ".aside"
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


def save(
    folder: Path,
    weights: Mapping[str, Tensor],
    optimizer: Mapping[str, Tensor],
    state: dict[str, Any],
) -> None:
    """Publish a checkpoint under `folder`, replacing one of that name.

    `optimizer` is what `optimizer_tensors` says. An error leaves what was there before, and no half
    of this one to fill the disk.
    """
    with _being_written(folder) as hidden:
        save_file(_contiguous(weights), hidden / WEIGHTS)
        save_file(_contiguous(optimizer), hidden / OPTIMIZER)
        (hidden / STATE).write_text(json.dumps(state) + "\n")


def publish(hidden: Path, folder: Path) -> None:
    """Flush a finished folder to disk and give it its name.

    One that has the name already is put aside until then; `settle` puts it back where this was
    interrupted in between.
    """
    for path in (hidden, *hidden.rglob("*")):
        _flush(path)
    aside = _aside(folder)
    if folder.exists():
        folder.rename(aside)
    hidden.rename(folder)
    _flush(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def settle(folder: Path) -> None:
    """Clear away what writers that were interrupted have left in a folder; none may be at work."""
    for aside in folder.glob(f".*{_ASIDE}"):
        name = folder / aside.name.removeprefix(".").removesuffix(_ASIDE)
        if name.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(name)
    for torn in folder.glob(f".*{_PARTIAL}"):
        shutil.rmtree(torn)


def read_state(folder: Path) -> dict[str, Any]:
    """What `save` was told to remember."""
    state: dict[str, Any] = json.loads((folder / STATE).read_text())
    return state


def as_read(tensor: Tensor, _weight: Tensor) -> Tensor:
    """The tensor itself."""
    return tensor


def restore_optimizer(
    folder: Path,
    optimizer: torch.optim.Optimizer,
    placed: Callable[[Tensor, Tensor], Tensor] = as_read,
) -> None:
    """Fill an optimiser over the same weights; `placed` lays a tensor as the weight beside it."""
    parameters = _parameters(optimizer)
    for key, value in load_file(folder / OPTIMIZER).items():
        number, name = key.split(".", 1)
        weight = parameters[int(number)]
        optimizer.state[weight][name] = placed(value, weight)


def save_weights(folder: Path, weights: Mapping[str, Tensor]) -> None:
    """Publish weights alone."""
    with _being_written(folder) as hidden:
        save_file(_contiguous(weights), hidden / WEIGHTS)


def restore_weights(folder: Path, network: nn.Module) -> None:
    """Fill the weights that a checkpoint holds; what never moved is not in it.

    InputError for one of another model, or of other phases.
    """
    saved = load_file(folder / WEIGHTS)
    own = dict(chain(network.named_parameters(), network.named_buffers()))
    foreign = [name for name in saved if name not in own or own[name].shape != saved[name].shape]
    if foreign:
        raise InputError(
            f"{folder} is a checkpoint of another model: {foreign[0]} is none of this one's weights"
            ", or of another shape; resume with the configuration that the run began with"
        )
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
    hidden = folder.with_name(f".{folder.name}{_PARTIAL}")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    return hidden


@contextmanager
def _being_written(folder: Path) -> Iterator[Path]:
    """A hidden folder that is published at the end, or is gone where it cannot be."""
    hidden = fresh(folder)
    try:
        yield hidden
        publish(hidden, folder)
    except Exception:  # safetensors has an error of its own for a full disk
        shutil.rmtree(hidden, ignore_errors=True)
        settle(folder.parent)
        raise


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{_ASIDE}")


def _flush(path: Path) -> None:
    """A file's content, or a folder's names, onto the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _contiguous(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.contiguous() for name, weight in weights.items()}


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All that an optimiser remembers, by the number of its weight and a name."""
    return {
        f"{number}.{name}": value
        for number, weight in enumerate(_parameters(optimizer))
        for name, value in optimizer.state[weight].items()
        if isinstance(value, Tensor)
    }
