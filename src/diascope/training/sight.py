"""Teach a vision tower to see before it is asked to speak: whether, where, how far, how much.

A small model that learns to write and to see at once learns to write, and looks at nothing for tens
of thousands of examples. So its vision tower first learns from the same records without words, as
CXR-LLaVA's encoder did from labels, everything that they say of an image at once:

* for every label with a box or an outline, which patches show it (a softmax over patches), and each
  of these patches where on the canvas the edges are (as waves, see `waves`);
* for every label of a label set or of a choice, whether it is there (the largest response of any
  patch);
* for every number, how far up its range it lies (the mean over patches).

The heads are thrown away.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import l1_loss, log_softmax

from diascope.answers import Boxes, Masks, Number
from diascope.batching import pixels
from diascope.expectations import Range
from diascope.geometry import CanvasMap, Rect, intersect
from diascope.imaging.store import CanvasStore
from diascope.models.devices import keep_freed_memory
from diascope.records import Case, Image
from diascope.training.config import OptimConfig
from diascope.training.known import Confirm, Known
from diascope.training.loop import autocast
from diascope.training.optim import everything, learning_rate, optimizer, set_learning_rate
from diascope.training.presence import presence

Grid = NDArray[np.float32]
SHOWS = 0.5
"""Share of a box's best covered patch from which on a patch is asked for the box's edges."""

WAVES = 8
"""Waves that an edge is told in: the longest are those of tiny's location embeddings."""


class Edges(NamedTuple):
    """Where the edges of a box are that one patch shows."""

    patch: int
    waves: Grid
    """`waves` of y0, x0, y1 and x1 as shares of the canvas, [4 * 2 * WAVES]."""


@dataclass
class Seen:
    """What the records say of one image."""

    image: Image
    places: dict[str, Grid] = field(default_factory=dict)
    """For each label with a place, the share of each patch that it covers, [patches]."""
    edges: list[Edges] = field(default_factory=list)
    presence: dict[str, float] = field(default_factory=dict)
    """1 present, 0 absent; what is uncertain or unknown is left out."""
    amounts: dict[str, float] = field(default_factory=dict)
    """For each question after a number, how far up its range the answer lies, 0 to 1."""


def look(cases: Iterable[Case], canvas_map: Callable[[Image], CanvasMap], side: int) -> list[Seen]:
    """Gather by image what the records say; `side` is the number of patches along a side."""
    seen: dict[str, Seen] = {}
    for case in cases:
        about = seen.setdefault(case.image.path, Seen(case.image))
        for label, rect in _places(case):
            placed = canvas_map(case.image)
            grid = coverage(placed, rect, side)
            about.places[label] = np.maximum(about.places.get(label, 0), grid)
            about.edges += _edges(grid, placed, rect)
        about.presence |= presence(case)
        about.amounts |= _amount(case)
    return list(seen.values())


def _amount(case: Case) -> dict[str, float]:
    match case.turn.answer, case.turn.expects:
        case Number(value=value), Range(low=low, high=high):
            return {case.turn.question: (value - low) / (high - low)}
    return {}


def _edges(grid: Grid, placed: CanvasMap, rect: Rect) -> Iterable[Edges]:
    x0, y0, x1, y1 = placed.rect_to_canvas(rect)
    width, height = placed.canvas
    told = waves(np.array([y0 / height, x0 / width, y1 / height, x1 / width]))
    for patch in np.flatnonzero((grid > 0) & (grid >= SHOWS * grid.max())).tolist():
        yield Edges(patch, told)


def waves(places: NDArray[np.float64]) -> Grid:
    """Cosines and sines of places between 0 and 1, [places * 2 * WAVES].

    A language model whose location embeddings are such waves need only copy them to point.
    """
    angles = np.clip(places, 0, 1)[:, None] * np.arange(1, WAVES + 1) * np.pi
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1).ravel().astype(np.float32)


def _in_patches(placed: CanvasMap, rect: Rect, side: int) -> Rect:
    x0, y0, x1, y1 = placed.rect_to_canvas(rect)
    across, down = side / placed.canvas[0], side / placed.canvas[1]
    return (x0 * across, y0 * down, x1 * across, y1 * down)


def coverage(placed: CanvasMap, rect: Rect, side: int) -> Grid:
    """The share of each patch of the canvas that a rectangle of the original covers, [side**2]."""
    x0, y0, x1, y1 = _in_patches(placed, rect, side)
    across, down = _overlap(x0, x1, side), _overlap(y0, y1, side)
    return np.outer(down, across).ravel().astype(np.float32)


def _overlap(low: float, high: float, side: int) -> NDArray[np.float64]:
    edges = np.arange(side + 1, dtype=np.float64)
    inside: NDArray[np.float64] = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return inside.clip(min=0.0)


def _places(case: Case) -> Iterable[tuple[str, Rect]]:
    whole = (0.0, 0.0, float(case.image.width), float(case.image.height))
    match case.turn.answer:
        case Boxes(boxes=boxes):
            yield from ((box.label, intersect(box.corners, whole)) for box in boxes)
        case Masks(masks=masks):
            yield from ((mask.label, mask.bounds) for mask in masks)


class Sight(nn.Module):
    """A vision tower with a row of weights for each thing to find, confirm and measure."""

    def __init__(self, tower: nn.Module, width: int, seen: list[Seen]) -> None:
        super().__init__()
        self.tower = tower
        self.to_find = sorted({label for each in seen for label in each.places})
        self.to_confirm = sorted({label for each in seen for label in each.presence})
        self.to_measure = sorted({question for each in seen for question in each.amounts})
        self.find = nn.Linear(width, len(self.to_find))
        self.reach = nn.Linear(width, 4 * 2 * WAVES)
        self.confirm = Confirm(width, self.to_confirm)
        self.measure = nn.Linear(width, len(self.to_measure))

    def loss(self, seen: list[Seen], canvases: Tensor) -> Tensor:
        """The sum of four losses over a batch of images, each a mean over what was asked."""
        patches = self.tower(canvases).last_hidden_state
        return (
            self._finding(seen, patches)
            + self._reaching(seen, patches)
            + self._confirming(seen, patches)
            + self._measuring(seen, patches)
        )

    def _finding(self, seen: list[Seen], patches: Tensor) -> Tensor:
        responses = log_softmax(self.find(patches).float(), dim=1)
        losses = [
            -(
                torch.from_numpy(grid / grid.sum()) * responses[row, :, self.to_find.index(label)]
            ).sum()
            for row, each in enumerate(seen)
            for label, grid in each.places.items()
            if grid.sum() > 0
        ]
        return torch.stack(losses).mean() if losses else responses.sum() * 0

    def _reaching(self, seen: list[Seen], patches: Tensor) -> Tensor:
        asked = [
            (row, edges.patch, edges.waves) for row, each in enumerate(seen) for edges in each.edges
        ]
        if not asked:
            return patches.sum() * 0
        rows, places, told = zip(*asked, strict=True)
        said = self.reach(patches[list(rows), list(places)]).float()
        return l1_loss(said, torch.from_numpy(np.stack(told)))

    def _confirming(self, seen: list[Seen], patches: Tensor) -> Tensor:
        return _shares(self.confirm(patches), self.to_confirm, [each.presence for each in seen])

    def _measuring(self, seen: list[Seen], patches: Tensor) -> Tensor:
        mean = self.measure(patches.mean(dim=1)).float()
        return _shares(mean, self.to_measure, [each.amounts for each in seen])


def _shares(said: Tensor, names: list[str], truths: list[dict[str, float]]) -> Tensor:
    """Mean binary cross-entropy of logits [images, names] with the shares that are known."""
    known = Known.of(truths, names)
    return known.losses(said).mean() if len(known.rows) else said.sum() * 0


def teach(
    sight: Sight,
    seen: list[Seen],
    store: CanvasStore,
    examples: int,
    batch_size: int = 32,
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> None:
    """Show that many images, drawn in a fixed order, and leave the tower changed."""
    keep_freed_memory()
    config = OptimConfig(lr=1e-3, weight_decay=0.05)
    moves = optimizer(everything(sight), config)
    steps = examples // batch_size
    order = np.random.default_rng(0)
    losses: dict[int, float] = defaultdict(float)
    for step in range(steps):
        chosen = [seen[place] for place in order.integers(len(seen), size=batch_size)]
        canvases = pixels([store.canvas(each.image) for each in chosen])
        set_learning_rate(moves, learning_rate(config, step, steps, steps // 20))
        with autocast(sight, wanted=True):
            loss = sight.loss(chosen, canvases)
        moves.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(sight.parameters(), config.clip)
        moves.step()
        losses[step // 50] += loss.item() / 50
        if step % 50 == 49:
            report(step + 1, steps, losses[step // 50])
