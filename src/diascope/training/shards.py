"""The processes share the weights out among them (FSDP2, torch's `fully_shard`).

Every block is made whole when it is read, and its gradient is added up and shared out at once, so
all processes must read the same blocks in the same order, forward and back. A process that has no
example in a pass, or none with a picture where another has one, reads one that counts for nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from diascope.batching import Example
from diascope.models.family import VisionLanguageModel
from diascope.training.clipping import squares
from diascope.training.effort import Effort
from diascope.training.feed import Feed
from diascope.training.moving import Movement, Moving
from diascope.training.phases import Phase
from diascope.training.processes import Processes
from diascope.training.replicas import Result, passes

_NOWHERE = (1 << 62) - 1
_NEXT_TO_NOTHING = 1e-20
"""Weight of an example that is only read for company; its gradient is lost in float32."""


class _Root(nn.Module):
    """A network and whatever is done with it, as one module whose call gathers and scatters."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, work: Callable[[], Result]) -> Result:
        """The weights outside of blocks are whole while this runs."""
        return work()


@dataclass(frozen=True)
class Shards:
    """The network, an equal share of each weight in every process."""

    root: _Root
    movement: Movement
    processes: Processes

    @classmethod
    def of(cls, movement: Movement, processes: Processes) -> "Shards":
        """Share out a network that all processes hold alike; it stays the same object."""
        network = movement.model.network
        device = next(network.parameters()).device.type
        mesh = init_device_mesh(device, (processes.size,))
        root = _Root(network)
        for module in (*blocks(network), root):
            fully_shard(module, mesh=mesh, reshard_after_forward=True)
        for shared_out in _shared_out(root).values():
            # the loss is divided by the examples of the whole step already
            shared_out.set_gradient_divide_factor(1.0)
            shared_out.set_force_sum_reduction_for_comms(True)
        return cls(root, movement, processes)

    @property
    def model(self) -> VisionLanguageModel:
        """What is trained."""
        return self.movement.model

    def begin(self, phase: Phase) -> list[Moving]:
        """Ask for gradients of the shares, and of the whole weights that they are gathered into."""
        moving = self.movement.begin(phase)
        names = {each.name for each in moving}
        for prefix, module in _shared_out(self.root).items():
            module.unshard()
            for name, weight in cast("nn.Module", module).named_parameters(prefix=prefix):
                weight.requires_grad_(name.removeprefix("network.") in names)
            module.reshard()
        return moving

    def passes(self, first: int, step_size: int, batch_size: int) -> list[range]:
        """As many for every process; some may be empty."""
        size = self.processes.size
        of_leader = passes(first, step_size, batch_size, 0, size)
        own = passes(first, step_size, batch_size, self.processes.rank, size)
        return own + [range(first, first)] * (len(of_leader) - len(own))

    def split(self, passes: Sequence[range], _effort: Effort) -> Iterator[range]:
        """Passes as they are: all processes must make as many."""
        return iter(passes)

    def examples(self, feed: Feed, positions: range) -> Sequence[Example]:
        """What a pass learns from, and one more for company where it must read what others read."""
        examples = feed.examples(positions)
        seeing = [at for at, one in zip(positions, examples, strict=True) if one.canvases]
        first_seen = self.processes.least(min(seeing, default=_NOWHERE))
        first = self.processes.least(min(positions, default=_NOWHERE))
        if examples and (seeing or first_seen == _NOWHERE):
            return examples
        company = first if first_seen == _NOWHERE else first_seen
        (read,) = feed.examples(range(company, company + 1))
        return [*examples, replace(read, weight=_NEXT_TO_NOTHING)]

    def within(self, work: Callable[[], Result]) -> Result:
        """Do what reads the network; all processes do the same."""
        return cast("Result", self.root(work))

    def reduce(self, weights: Sequence[Tensor]) -> None:
        """Done on the way back, block by block."""

    def norm(self, weights: Sequence[Tensor]) -> float:
        """Of all gradients of a step together."""
        (total,) = self.processes.sum([squares(weights)])
        return math.sqrt(total)

    def whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gathered one after the other; only the leading process keeps them."""
        whole = ((name, gathered(tensor)) for name, tensor in tensors.items())
        return {name: tensor for name, tensor in whole if self.processes.leads}

    def refresh(self, network: nn.Module, learnt: Mapping[str, Tensor]) -> None:
        """Bring a whole network, which the leading process has, to what has been learnt."""
        own = dict(network.named_parameters()) | dict(network.named_buffers())
        for name, tensor in self.whole(learnt).items():
            own[name].data.copy_(tensor)

    def placed(self, tensor: Tensor, weight: Tensor) -> Tensor:
        """This process's share of it, where the weight beside it is shared out."""
        if not isinstance(weight, DTensor) or tensor.shape != weight.shape:
            return tensor
        # every process has read the same file, so nothing need be sent
        return distribute_tensor(tensor, weight.device_mesh, weight.placements, src_data_rank=None)


def blocks(network: nn.Module) -> Iterator[nn.Module]:
    """The layers of its towers: members of lists of modules, none inside another one."""
    for module in network.children():
        if isinstance(module, nn.ModuleList):
            yield from (each for each in module if any(True for _ in each.parameters()))
        else:
            yield from blocks(module)


def _shared_out(root: nn.Module) -> dict[str, FSDPModule]:
    named = root.named_modules()
    return {name: module for name, module in named if isinstance(module, FSDPModule)}


def gathered(tensor: Any) -> Tensor:
    """A whole tensor, in the memory of the processor where it was shared out; all must ask."""
    return tensor.full_tensor().cpu() if isinstance(tensor, DTensor) else cast("Tensor", tensor)
