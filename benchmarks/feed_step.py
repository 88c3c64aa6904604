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

from diascope.batching import grey, pixels
from diascope.imaging.cache_build import build_cache
from diascope.imaging.store import CanvasStore
from diascope.models.tiny import load
from diascope.recordfile import write_records
from diascope.records import Case
from diascope.sources.phantom import PhantomSettings, generate
from diascope.training.config import DataConfig, OptimConfig
from diascope.training.feed import Feed, open_feed
from diascope.training.loss import learn
from diascope.training.optim import everything, optimizer
from diascope.training.supervision import HARD

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
    moves = optimizer(everything(feed.model.network), OptimConfig(lr=1e-9))

    def step(cases: Sequence[Case]) -> None:
        moves.zero_grad()
        learn(feed.model, feed.of(cases), HARD).total.backward()  # type: ignore[no-untyped-call]
        moves.step()

    feed.model.network.train()
    shares: dict[str, list[float]] = {"filled": [], "pixels": [], "batch": []}
    for number in range(steps + 1):
        cases = [feed.case(BATCH * number + place) for place in range(BATCH)]
        whole = timed(partial(step, cases)).wall
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
        "pixels": timed(
            lambda: pixels([canvas for case in cases for canvas in store.of(case)])
        ).wall,
        "batch": timed(partial(feed.of, cases)).wall,
    }


def folding() -> float:
    """How far what the shipped tiny sees is apart when its scaling is folded into its weights.

    Stops everything where that is more than rounding.
    """
    model = load(None, torch.float32)
    side = model.canvas.width
    bytes_read = np.random.default_rng(0).integers(256, size=(BATCH, side, side), dtype=np.uint8)
    features = model.network.model.get_image_features
    with torch.no_grad():
        plain = features(pixels(list(bytes_read))).pooler_output
        folded = features(grey(list(bytes_read))).pooler_output
    gap = float((plain - folded).abs().max())
    if gap > MOST_GAP:
        raise SystemExit(f"folded, the features differ by {gap}; nothing is timed")
    return gap
