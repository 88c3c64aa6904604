"""Which way the weights of a run lie on its processes."""

import zlib
from collections.abc import Callable

import torch
from torch import nn

from diascope.training.moving import Movement
from diascope.training.processes import Processes, agree
from diascope.training.replicas import Replicas
from diascope.training.shards import Shards

Layout = Replicas | Shards


def open_layout(
    movement: Movement, another: Callable[[], Movement], sharded: bool, processes: Processes
) -> Layout:
    """Replicas of the model that moves, or shares of it.

    Of a model that is shared out the leading process keeps a whole one beside its share, to look
    at and to save; so it trains `another` one, which has the same weights. InputError where the
    processes do not begin with the same weights.
    """
    if processes.size > 1:
        agree(processes, checksum(movement.model.network), "weights to start from")
    if not sharded or processes.size == 1:
        return Replicas(movement, processes)
    return Shards.of(another() if processes.leads else movement, processes)


def checksum(network: nn.Module) -> int:
    """Of all weights, bit by bit."""
    found = 0
    for weight in network.parameters():
        flat = weight.detach().cpu().contiguous().flatten()
        found = zlib.crc32(flat.view(torch.uint8).numpy().data, found)
    return found
