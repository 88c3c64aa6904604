"""What the examples of a step have come to, wherever they were read."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from diascope.training.loss import Learnt
from diascope.training.processes import Processes


@dataclass
class StepTally:
    """A row for each example of the step; this process fills in those that it reads."""

    total: float
    """The loss of the step, as far as it was read here."""
    rows: list[list[float]]

    @classmethod
    def of(cls, num_examples: int) -> "StepTally":
        """Before the first forward pass."""
        return cls(0.0, [[0.0] * 3 for _ in range(num_examples)])

    def add(self, loss: float, learnt: Learnt, places: Sequence[int]) -> None:
        """A forward pass of the examples at these places of the step; more of its row is not told.

        What is more was read for company alone.
        """
        self.total += loss
        columns = (learnt.losses, learnt.right, learnt.entropy)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for place, row in zip(places, rows, strict=False):
            self.rows[place] = list(row)

    def together(self, processes: Processes) -> Learnt:
        """Of all processes, in float64; `total` is the loss of the step."""
        total, *flat = processes.sum([self.total, *(value for row in self.rows for value in row)])
        columns = torch.tensor(flat, dtype=torch.float64).view(-1, 3).unbind(dim=1)
        return Learnt(torch.tensor(total, dtype=torch.float64), *columns)
