"""Times an epoch's pixels out of the canvas cache against decoding the files at every epoch.

    python -m benchmarks.feed             # measure; writes results/feed.json and docs/feed.md
    python -m benchmarks.feed --images 256 --rounds 5        # smaller, for trying things out
    python -m benchmarks.feed --page      # write the page again from the result file

The plain way is transformers' SigLIP processor on PNG files of 1,024 pixels. The case beside it is
what careful people do: the same on files that were shrunk once; and one slice a picture out of a
safetensors file. The ceilings are plain copies, out of memory, of what is delivered. All give the
same pixels, or nothing is timed. The cases run in shuffled rounds on one thread; what counts is the
median over rounds of the ratios of CPU time.
"""

import argparse
import json
import os
import platform
import random
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks import feed_page
from benchmarks.feed_step import BATCH, folding, step_shares
from benchmarks.spine import Times, timed
from numpy.typing import NDArray
from PIL import Image as Picture
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import SiglipImageProcessorPil

from diascope.environment import commit, versions
from diascope.geometry import CanvasMap, Size
from diascope.imaging.cache_build import build_cache
from diascope.imaging.drawing import file_digest
from diascope.imaging.scaling import Scaling
from diascope.imaging.store import CanvasStore
from diascope.records import Image

HERE = Path(__file__).parent
RESULT = HERE / "results" / "feed.json"
SIDE_PX, NOISE = 1024, 0.7
PLAIN, SHRUNK, SLICED = "transformers, PNG of 1,024", "transformers, PNG shrunk", "safetensors"
FLOATS, FLOATS_COPY = "diascope, float32 x 3", "copy of float32 x 3"
BYTES, BYTES_COPY = "diascope, uint8", "copy of uint8"
Positions = NDArray[np.int64]


def radiographs(root: Path, count: int) -> list[Image]:
    """Grey pictures of 1,024 pixels, smooth but for noise that makes a PNG of about 375 KB."""
    images = []
    for number in range(count):
        path = root / f"{number}.png"
        drawn = Picture.fromarray(shades(SIDE_PX, number).astype(np.uint8))
        drawn.save(path, compress_level=3)
        digest = file_digest(path)
        images.append(Image(path=path.name, width=SIDE_PX, height=SIDE_PX, sha256=digest))
    return images


def shades(side: int, number: int) -> NDArray[np.float64]:
    """A body and its ribs, [side, side] in 0 to 255, with noise."""
    line = np.arange(side) / side
    rng = np.random.default_rng(number)
    down, across = (np.exp(-3 * (line - rng.uniform(0.35, 0.65)) ** 2) for _ in range(2))
    body = 40 + 20 * np.sin(30 * line)[:, None] + 150 * np.outer(down, across)
    noise = rng.standard_normal(body.shape, np.float32) * NOISE
    drawn: NDArray[np.float64] = (body + noise).clip(0, 255)
    return drawn


@dataclass(frozen=True)
class Bench:
    """One size of canvas: the pictures, their cache, and arrays that are filled again and again."""

    root: Path
    images: list[Image]
    side: int
    rounds: int

    @property
    def cache(self) -> Path:
        """The folder of the cache."""
        return self.root / f"cache-{self.side}"

    def canvas_map(self, size: Size) -> CanvasMap:
        """The picture stretched to the canvas."""
        return CanvasMap.fit(size, Size(self.side, self.side), "stretch")

    def store(self) -> CanvasStore:
        """The store under test."""
        return CanvasStore(self.root, self.canvas_map, cache=self.cache)

    def processor(self) -> SiglipImageProcessorPil:
        """The plain way."""
        size = {"height": self.side, "width": self.side}
        return SiglipImageProcessorPil(size=size, resample=Picture.Resampling.BILINEAR)

    def measure(self) -> dict[str, Any]:
        """What it costs to build, to read cold and for the first time, and then every epoch."""
        built = self._build()
        cold = self._pass(dropped=True)
        first = self._pass(dropped=False)
        gate = self._gate()
        rows = self._epochs()
        return {"side": self.side, "images": len(self.images), "gate": gate, "rows": rows} | {
            "built": built,
            "cold": cold,
            "first": first,
        }

    def _build(self) -> dict[str, float]:
        before = os.times()
        work = partial(build_cache, self.images, self.root, self.canvas_map, self.cache)
        wall = timed(work).wall
        after = os.times()
        cpu = sum(after[:4]) - sum(before[:4])
        size = sum(path.stat().st_size for path in self.cache.iterdir())
        files = sum((self.root / image.path).stat().st_size for image in self.images)
        count = len(self.images)
        return {
            "cpu_ms": 1000 * cpu / count,
            "wall_ms": 1000 * wall / count,
            "kb": size / count / 1000,
            "png_kb": files / count / 1000,
        }

    def _pass(self, dropped: bool) -> dict[str, float]:
        """Every canvas once, in random order, by a store that was just opened."""
        if dropped:
            for path in self.cache.glob("*.pixels"):
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        store = self.store()
        positions = store.positions(self.images)
        before = _of_process("io", "read_bytes")
        times = timed(partial(self.deliver, store.fill_uint8, positions, self._bytes()))
        read = _of_process("io", "read_bytes") - before
        return {
            "per_second": len(self.images) / times.wall,
            "per_cpu_second": len(self.images) / times.cpu,
            "read_share": read / (len(self.images) * self.side**2),
        }

    def _gate(self) -> float:
        """How far the floats are from the plain way's, and that the bytes are those of the floats.

        Stops everything where they are not equal but for rounding.
        """
        store, chosen = self.store(), self.images[:BATCH]
        positions = store.positions(chosen)
        if (positions < 0).any():
            raise SystemExit(f"{self.side} px: not all is in the cache; nothing is timed")
        floats, grey = self.floats(), self._bytes()
        store.fill_float(positions, floats[: len(chosen)])
        store.fill_uint8(positions, grey[: len(chosen)])
        plain = self._plain(self.processor(), [self.root / image.path for image in chosen])
        gap = float(np.abs(plain - floats[: len(chosen)]).max())
        exact = grey[:, None] / np.float32(127.5) - np.float32(1)
        gap = max(gap, float(np.abs(exact - floats)[: len(chosen)].max()))
        if gap > 1e-6:
            raise SystemExit(f"{self.side} px: the ways differ by {gap}; nothing is timed")
        return gap

    def _epochs(self) -> list[dict[str, Any]]:
        """All cases, in shuffled rounds."""
        cases = self._cases()
        times: dict[str, list[Times]] = {name: [] for name in cases}
        order = random.Random(self.side)  # noqa: S311
        for work, _ in cases.values():
            work()
        for _ in range(self.rounds):
            for name in order.sample(list(cases), len(cases)):
                work, count = cases[name]
                once = timed(work)
                times[name].append(Times(once.wall / count, once.cpu / count))
        return [self._row(name, times) for name in cases]

    def _row(self, name: str, times: dict[str, list[Times]]) -> dict[str, Any]:
        ratios = _ratios(times[PLAIN], times[name])
        ceiling = {FLOATS: FLOATS_COPY, BYTES: BYTES_COPY}.get(name)
        of_ceiling = statistics.median(_ratios(times[ceiling], times[name])) if ceiling else None
        walls = [1 / each.wall for each in times[name]]
        return {
            "case": name,
            "per_cpu_second": 1 / statistics.median(each.cpu for each in times[name]),
            "per_second": [min(walls), statistics.median(walls), max(walls)],
            "ratio": statistics.median(ratios),
            "ratio_low": min(ratios),
            "ratio_high": max(ratios),
            "spread": max(each.cpu for each in times[name]) / min(each.cpu for each in times[name]),
            "of_ceiling": of_ceiling,
        }

    def _cases(self) -> dict[str, tuple[Callable[[], object], int]]:
        """What is timed, and how many pictures one call of it delivers."""
        store = self.store()
        positions = store.positions(self.images)
        grey = np.stack([store.canvas(image) for image in self.images])
        floats = self._float_pool(store, positions)
        few = self.images[: BATCH // 2]
        processor = self.processor()
        deliver, count = self.deliver, len(positions)
        sliced = self._slices(grey)
        shrunk = self._shrunk(grey[: len(few)])
        out, out8 = self.floats(), self._bytes()
        plain = partial(self._plain, processor)
        return {
            PLAIN: (partial(plain, [self.root / image.path for image in few]), len(few)),
            SHRUNK: (partial(plain, shrunk), len(few)),
            SLICED: (partial(deliver, sliced, np.arange(len(grey)), out), count),
            FLOATS: (partial(deliver, store.fill_float, positions, out), count),
            FLOATS_COPY: (partial(deliver, _copier(floats), np.arange(count), out), count),
            BYTES: (partial(deliver, store.fill_uint8, positions, out8), count),
            BYTES_COPY: (partial(deliver, _copier(grey), np.arange(count), out8), count),
        }

    def deliver(
        self, fill: Callable[[Positions, Any], object], positions: Positions, out: NDArray[Any]
    ) -> None:
        """An epoch in batches, in an order of its own."""
        order = np.random.default_rng(len(positions)).permutation(positions)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            fill(order[start : start + BATCH], out)

    def _plain(
        self, processor: SiglipImageProcessorPil, paths: Sequence[Path]
    ) -> NDArray[np.float32]:
        pictures = [Picture.open(path).convert("RGB") for path in paths]
        found: NDArray[np.float32] = processor(pictures, return_tensors="np")["pixel_values"]
        return found

    def _shrunk(self, canvases: Iterable[NDArray[np.uint8]]) -> list[Path]:
        """Files that were brought to the size of the canvas once."""
        paths = []
        for number, canvas in enumerate(canvases):
            paths.append(self.root / f"shrunk-{self.side}-{number}.png")
            Picture.fromarray(canvas).save(paths[-1])
        return paths

    def _slices(self, grey: NDArray[np.uint8]) -> Callable[[Positions, Any], None]:
        """The best of the others: one slice a picture out of a safetensors file."""
        path = self.root / f"all-{self.side}.safetensors"
        save_file({"canvases": grey}, path)
        part = safe_open(path, framework="np").__enter__().get_slice("canvases")

        def fill(positions: Positions, out: NDArray[np.float32]) -> None:
            for row, place in zip(out, positions.tolist(), strict=True):
                Scaling().write(part[place], row)

        return fill

    def _float_pool(self, store: CanvasStore, positions: Positions) -> NDArray[np.float32]:
        """As many prepared floats as 300 MB hold: more than any cache of a processor."""
        count = min(len(positions), 300_000_000 // (12 * self.side**2))
        pool = np.empty((count, 3, self.side, self.side), np.float32)
        store.fill_float(positions[:count], pool)
        return pool

    def floats(self) -> NDArray[np.float32]:
        """A batch as the network wants it."""
        return np.zeros((BATCH, 3, self.side, self.side), np.float32)

    def _bytes(self) -> NDArray[np.uint8]:
        return np.zeros((BATCH, self.side, self.side), np.uint8)


def memory(bench: Bench, items: int = 100_000) -> dict[str, float]:
    """Memory of the process over so many pictures, files that are mapped left out."""
    store = bench.store()
    positions = store.positions(bench.images[: 16 * BATCH])
    out = bench.floats()
    bench.deliver(store.fill_float, positions, out)
    begin = most = _of_process("status", "RssAnon")
    for _ in range(0, items, len(positions)):
        bench.deliver(store.fill_float, positions, out)
        most = max(most, _of_process("status", "RssAnon"))
    return {"items": items, "begin_mb": begin / 1000, "growth_mb": (most - begin) / 1000}


def _copier(pool: NDArray[Any]) -> Callable[[Positions, Any], None]:
    def fill(positions: Positions, out: NDArray[Any]) -> None:
        for row, place in zip(out, positions.tolist(), strict=True):
            row[...] = pool[place % len(pool)]

    return fill


def _ratios(peer: list[Times], ours: list[Times]) -> list[float]:
    return [there.cpu / here.cpu for there, here in zip(peer, ours, strict=True)]


def _of_process(file: str, name: str) -> int:
    """A number that the kernel keeps of this process."""
    lines = Path("/proc/self", file).read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return int(values[name].split()[0])


def measure(count: int, rounds: int) -> dict[str, Any]:
    """Both sizes of canvas, the step, and what they ran on."""
    torch.set_num_threads(1)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        images = radiographs(root, count)
        small = Bench(root, images, 224, rounds)
        large = Bench(root, images[: count // 4], 896, rounds)
        return {
            "sizes": [small.measure(), large.measure()],
            "memory": memory(small),
            "step": step_shares(root, steps=8),
            "folding": folding(),
            "rounds": rounds,
            "batch": BATCH,
            "load": [load_before, os.getloadavg()[0]],
            "machine": machine(),
            "versions": versions(),
            "commit": commit(),
        }


def machine() -> str:
    """What this runs on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def main() -> None:
    """Measure unless only the page is wanted, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page from the result file")
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--result", type=Path, default=RESULT)
    chosen = parser.parse_args()
    if not chosen.page:
        chosen.result.parent.mkdir(exist_ok=True)
        measured = measure(chosen.images, chosen.rounds)
        chosen.result.write_text(json.dumps(measured, indent=2) + "\n")
    page = feed_page.page(json.loads(chosen.result.read_text()))
    if chosen.result == RESULT:
        feed_page.write()
    print(page)


if __name__ == "__main__":
    main()
