"""Yes or no of the labels that are known of a batch of pictures, and of no others."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits


class Confirm(nn.Module):
    """Whether each of some labels is anywhere in a picture."""

    def __init__(self, width: int, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.rows = nn.Linear(width, len(self.names))

    def forward(self, patches: Tensor) -> Tensor:
        """Logits [pictures, names] of patches [pictures, patches, width].

        The log of the mean of exponentials: nearly the largest response of any patch, however many
        there are (Pinheiro and Collobert, CVPR 2015, with r = 1).
        """
        responses = self.rows(patches).float()
        return torch.logsumexp(responses, dim=1) - math.log(patches.shape[1])


class Known(NamedTuple):
    """What is known of a batch of pictures, one entry a label of a picture."""

    rows: Tensor
    """[known] the picture's number."""
    columns: Tensor
    """[known] the label's number."""
    truths: Tensor
    """[known] 1 present, 0 absent, or a share between."""

    @classmethod
    def of(cls, truths: Sequence[Mapping[str, float]], names: Sequence[str]) -> "Known":
        """Labels that are not among `names` are left out."""
        numbers = {name: number for number, name in enumerate(names)}
        found = [
            (row, numbers[name], truth)
            for row, each in enumerate(truths)
            for name, truth in each.items()
            if name in numbers
        ]
        rows, columns, shares = zip(*found, strict=True) if found else ((), (), ())
        return cls(
            torch.tensor(rows, dtype=torch.long),
            torch.tensor(columns, dtype=torch.long),
            torch.tensor(shares, dtype=torch.float32),
        )

    def of_logits(self, logits: Tensor) -> Tensor:
        """[known] those of [pictures, labels] that something is known of."""
        return logits[self.rows, self.columns]

    def losses(self, logits: Tensor) -> Tensor:
        """[known] binary cross-entropy, nats."""
        chosen = self.of_logits(logits)
        return binary_cross_entropy_with_logits(chosen, self.truths, reduction="none")

    def per_picture(self, values: Tensor, num_pictures: int) -> Tensor:
        """[pictures] the mean of [known] values over each picture's labels; 0 where it has none."""
        ones = torch.ones_like(values)
        sums, counts = (
            values.new_zeros(num_pictures).index_add(0, self.rows, each) for each in (values, ones)
        )
        return sums / counts.clamp(min=1)
