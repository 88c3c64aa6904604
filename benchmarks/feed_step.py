"""What the pixels cost of a training step of the shipped tiny, and what folding does to them."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.spine import timed

from diascope.batching import Example, collate, pixels
from diascope.imaging.cache_build import build_cache
from diascope.imaging.store import CanvasStore
from diascope.models.folded import fold
from diascope.models.tiny import load
from diascope.recordfile import write_records
from diascope.records import Case
from diascope.sources.phantom import PhantomSettings, generate
from diascope.training.config import DataConfig, OptimConfig
from diascope.training.feed import Feed, open_feed
from diascope.training.loss import batch_loss
from diascope.training.optim import optimizer

BATCH, MOST_GAP = 16, 1e-4


def open_cached(root: Path) -> Feed:
    """The shipped tiny's feed of a small phantom, its canvases out of a cache."""
    records = root / "phantom" / "records.jsonl"
    records.parent.mkdir()
    write_records(records, generate(records.parent, PhantomSettings(seed=3, patients=40)))
    model = load(None, torch.float32)
    feed = open_feed(model, DataConfig(records=str(records)), records, seed=0)
    images = [image for cases in feed.groups.values() for each in cases for image in seen(each)]
    build_cache(images, records.parent, model.canvas_map, root / "cache-step")
    store = CanvasStore(records.parent, model.canvas_map, cache=root / "cache-step")
    return replace(feed, canvases=store)


def seen(case: Case) -> Sequence[Any]:
    """The images that come with a case."""
    return case.record.images


def step_shares(root: Path, steps: int) -> dict[str, float]:
    """Shares of a training step: filling an array, making a tensor of canvases, a whole batch."""
    feed = open_cached(root)
    moves = optimizer(feed.model.network, OptimConfig(lr=1e-9))

    def learn(cases: Sequence[Case]) -> None:
        moves.zero_grad()
        batch_loss(feed.model, feed.of(cases), location_sigma=0.0).backward()  # type: ignore[no-untyped-call]
        moves.step()

    feed.model.network.train()
    shares: dict[str, list[float]] = {"filled": [], "pixels": [], "batch": []}
    for number in range(steps + 1):
        cases = [feed.case(BATCH * number + place) for place in range(BATCH)]
        whole = timed(partial(learn, cases)).wall
        for name, wall in _waits(feed, cases).items():
            shares[name].append(wall / whole)
    return {name: statistics.median(each[1:]) for name, each in shares.items()}


def _waits(feed: Feed, cases: Sequence[Case]) -> dict[str, float]:
    store = feed.canvases
    images = [image for case in cases for image in seen(case)]
    positions = store.positions(images)
    side = feed.model.canvas
    out = np.zeros((len(images), 3, side.height, side.width), np.float32)
    return {
        "filled": timed(partial(store.fill_float, positions, out)).wall,
        "pixels": timed(lambda: pixels([Example((), (), store.of(case)) for case in cases])).wall,
        "batch": timed(partial(feed.of, cases)).wall,
    }


def folding() -> float:
    """How far the shipped tiny's logits are apart when its scaling is folded into its weights.

    Stops everything where that is more than rounding.
    """
    model = load(None, torch.float32)
    side, tokens = model.canvas.width, (model.canvas.width // 16) ** 2
    grey = np.random.default_rng(0).integers(256, size=(BATCH, side, side), dtype=np.uint8)
    prefix = (model.token_id("<image>"),) * tokens + tuple(range(300, 330))
    batch = collate([Example(prefix, (), (canvas,)) for canvas in grey], model.pad_id)
    with torch.no_grad():
        plain = model.head(model.hidden(batch))
        fold(model.network)
        bytes_read = torch.from_numpy(grey[:, None])
        folded = model.head(model.hidden(replace(batch, pixel_values=bytes_read)))
    gap = float((plain - folded).abs().max())
    if gap > MOST_GAP:
        raise SystemExit(f"folded, the logits differ by {gap}; nothing is timed")
    return gap
