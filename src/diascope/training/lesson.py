"""What a phase without answers has in place of tokens: pictures, a head, a loss, a measure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from diascope.batching import Canvas
from diascope.models.transformer import Transformer
from diascope.records import Case
from diascope.training.feed import Feed
from diascope.training.loss import Learnt


class Shown(NamedTuple):
    """A case, as altered for this look, and the canvases of its record's images."""

    case: Case
    canvases: tuple[Canvas, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """One phase's; kinds of phase derive from it."""

    model: Transformer
    feed: Feed
    """Draws only what the lesson can use."""
    cases: Sequence[Case]
    """Never learnt from; measured on."""
    batch_size: int
    """Cases measured together."""

    def learn(self, positions: Iterable[int]) -> Learnt:
        """What the cases at global positions teach together."""
        return self.teach([Shown(*self.feed.seen(position)) for position in positions])

    def teach(self, shown: Sequence[Shown]) -> Learnt:
        """What these teach together."""
        raise NotImplementedError

    def measure(self) -> dict[str, float]:
        """The mean loss over the held-out cases, and how well they are told."""
        self.model.network.eval()
        with torch.no_grad():
            return self.measured()

    def measured(self) -> dict[str, float]:
        """That, of a network that learns nothing meanwhile."""
        raise NotImplementedError

    def better(self, name: str, value: float, best: float) -> bool:
        """Whether a measure has improved."""
        return value < best if name in ("loss", "median_rank") else value > best

    def held_out(self) -> Iterator[list[Shown]]:
        """The held-out cases in batches, unaltered."""
        for start in range(0, len(self.cases), self.batch_size):
            cases = self.cases[start : start + self.batch_size]
            yield [Shown(case, self.feed.canvases.of(case)) for case in cases]


def width_of(model: Transformer) -> int:
    """Numbers of a patch, by a look at a blank canvas; InputError for a family that has none."""
    blank = np.zeros((model.canvas.height, model.canvas.width), np.uint8)
    model.network.eval()
    with torch.no_grad():
        return int(model.look([blank]).shape[-1])
