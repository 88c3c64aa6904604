"""Heads that phases hang on a network: each moves in its own phase, none is saved with the model.

They are weights of the network like any other while the run lasts, so that freezing, optimisers and
checkpoints need not know of them.
"""

from typing import cast

from torch import nn

NAME = "heads"


def attach(network: nn.Module, number: int, head: nn.Module) -> None:
    """Hang on the head of the phase of that number, on the network's device."""
    if not hasattr(network, NAME):
        network.add_module(NAME, nn.ModuleDict())
    held = cast("nn.ModuleDict", network.get_submodule(NAME))
    held[str(number)] = head.to(next(network.parameters()).device)


def phase_of(name: str) -> int:
    """The number of the phase that a weight of a head belongs to."""
    return int(name.split(".")[1])


def drop(network: nn.Module) -> None:
    """Leave the network as it was before any was hung on."""
    if hasattr(network, NAME):
        delattr(network, NAME)
