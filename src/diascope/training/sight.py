"""Teach a vision tower to see before it is asked to speak: where things are, and whether.

A small model that learns to write and to see at once learns to write, and looks at nothing for tens
of thousands of examples. So its vision tower first learns from the same records without words, as
CXR-LLaVA's encoder did from labels: for every label with a box or an outline, which patches show it
(a softmax over patches); for every label of a label set, whether it is there (the largest response
of any patch). The heads are thrown away.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from diascope.answers import Boxes, Labels, Masks
from diascope.batching import Example, pixels
from diascope.geometry import CanvasMap, Rect, intersect
from diascope.imaging.store import CanvasStore
from diascope.records import Case, Image
from diascope.training.config import OptimConfig
from diascope.training.loop import autocast
from diascope.training.optim import learning_rate, optimizer, set_learning_rate

Grid = NDArray[np.float32]


@dataclass
class Seen:
    """What the records say of one image."""

    image: Image
    places: dict[str, Grid] = field(default_factory=dict)
    """For each label with a place, the share of each patch that it covers, [patches]."""
    presence: dict[str, float] = field(default_factory=dict)
    """1 present, 0 absent; what is uncertain or unknown is left out."""


def look(cases: Iterable[Case], canvas_map: Callable[[Image], CanvasMap], side: int) -> list[Seen]:
    """Gather places and presences by image; `side` is the number of patches along a side."""
    seen: dict[str, Seen] = {}
    for case in cases:
        about = seen.setdefault(case.image.path, Seen(case.image))
        for label, rect in _places(case):
            grid = coverage(canvas_map(case.image), rect, side)
            about.places[label] = np.maximum(about.places.get(label, 0), grid)
        if isinstance(case.turn.answer, Labels):
            about.presence |= dict.fromkeys(case.turn.answer.absent, 0.0)
            about.presence |= dict.fromkeys(case.turn.answer.present, 1.0)
    return list(seen.values())


def coverage(placed: CanvasMap, rect: Rect, side: int) -> Grid:
    """The share of each patch of the canvas that a rectangle of the original covers, [side**2]."""
    x0, y0, x1, y1 = placed.rect_to_canvas(rect)
    width, height = placed.canvas
    across = _overlap(x0 * side / width, x1 * side / width, side)
    down = _overlap(y0 * side / height, y1 * side / height, side)
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
            for mask in masks:
                xs, ys = zip(*mask.polygon, strict=True)
                yield mask.label, (min(xs), min(ys), max(xs), max(ys))


class Sight(nn.Module):
    """A vision tower with a row of weights for each label to find and each label to confirm."""

    def __init__(self, tower: nn.Module, width: int, seen: list[Seen]) -> None:
        super().__init__()
        self.tower = tower
        self.to_find = sorted({label for each in seen for label in each.places})
        self.to_confirm = sorted({label for each in seen for label in each.presence})
        self.find = nn.Linear(width, len(self.to_find))
        self.confirm = nn.Linear(width, len(self.to_confirm))

    def loss(self, seen: list[Seen], canvases: Tensor) -> Tensor:
        """Mean over labels of the two losses over a batch of images."""
        patches = self.tower(canvases).last_hidden_state
        return self._finding(seen, patches) + self._confirming(seen, patches)

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

    def _confirming(self, seen: list[Seen], patches: Tensor) -> Tensor:
        largest = torch.logsumexp(self.confirm(patches).float(), dim=1)
        places = [
            (row, self.to_confirm.index(label), truth)
            for row, each in enumerate(seen)
            for label, truth in each.presence.items()
        ]
        if not places:
            return largest.sum() * 0
        rows, labels, truths = zip(*places, strict=True)
        chosen = largest[list(rows), list(labels)]
        return binary_cross_entropy_with_logits(chosen, torch.tensor(truths))


def teach(
    sight: Sight,
    seen: list[Seen],
    store: CanvasStore,
    examples: int,
    batch_size: int = 32,
    report: Callable[[int, int, float], None] = lambda done, total, loss: None,
) -> None:
    """Show that many images, drawn in a fixed order, and leave the tower changed."""
    config = OptimConfig(lr=1e-3, weight_decay=0.05)
    moves = optimizer(sight, config)
    steps = examples // batch_size
    order = np.random.default_rng(0)
    losses: dict[int, float] = defaultdict(float)
    for step in range(steps):
        chosen = [seen[place] for place in order.integers(len(seen), size=batch_size)]
        canvases = pixels([Example((), (), (store.canvas(each.image),)) for each in chosen])
        set_learning_rate(moves, learning_rate(config, step, steps, steps // 20))
        with autocast(wanted=True):
            loss = sight.loss(chosen, canvases)
        moves.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(sight.parameters(), config.clip)
        moves.step()
        losses[step // 50] += loss.item() / 50
        if step % 50 == 49:
            report(step + 1, steps, losses[step // 50])
