"""Every process holds all weights; gradients are added up before the optimiser's step.

A step's examples are dealt to the processes by position, so what a step learns from does not hang
on their number: process r of W takes positions r, r + W, and so on.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn

from diascope.batching import Example
from diascope.models.family import VisionLanguageModel
from diascope.training.clipping import squares
from diascope.training.effort import Effort
from diascope.training.feed import Feed
from diascope.training.moving import Movement, Moving
from diascope.training.phases import Phase
from diascope.training.processes import Processes

Result = TypeVar("Result")


def passes(first: int, step_size: int, batch_size: int, rank: int, size: int) -> list[range]:
    """The positions of each forward pass of a process, in a step that begins at `first`."""
    own = range(first + rank, first + step_size, size)
    return [own[at : at + batch_size] for at in range(0, len(own), batch_size)]


@dataclass(frozen=True)
class Replicas:
    """The whole network in every process; with one process this is plain training."""

    movement: Movement
    processes: Processes

    @property
    def model(self) -> VisionLanguageModel:
        """What is trained."""
        return self.movement.model

    def begin(self, phase: Phase) -> list[Moving]:
        """Ask for the gradients of what moves in a phase."""
        return self.movement.begin(phase)

    def passes(self, first: int, step_size: int, batch_size: int) -> list[range]:
        """None where a step has fewer examples than there are processes."""
        return passes(first, step_size, batch_size, self.processes.rank, self.processes.size)

    def split(self, passes: Sequence[range], effort: Effort) -> Iterator[range]:
        """Passes cut where one would read too much at once."""
        return effort.split(passes)

    def examples(self, feed: Feed, positions: range) -> Sequence[Example]:
        """What a forward pass learns from."""
        return feed.examples(positions)

    def within(self, work: Callable[[], Result]) -> Result:
        """Do what reads the network."""
        return work()

    def reduce(self, weights: Sequence[Tensor]) -> None:
        """Make the gradients of a step those of all its examples."""
        self.processes.sum_gradients(weights)

    def norm(self, weights: Sequence[Tensor]) -> float:
        """Of all gradients of a step together."""
        return math.sqrt(squares(weights))

    def whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors as they are saved; the leading process has them."""
        return dict(tensors)

    def refresh(self, network: nn.Module, learnt: Mapping[str, Tensor]) -> None:
        """Bring a whole network to what has been learnt: it is the one that learns."""

    def placed(self, tensor: Tensor, _weight: Tensor) -> Tensor:
        """A saved tensor as it lies beside its weight."""
        return tensor
