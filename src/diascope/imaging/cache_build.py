"""Fills a cache: draws the images that it lacks, in several processes, and publishes them.

What is published stays when the building is interrupted; it goes on with the rest the next time.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.imaging.cache_shard import Entry
from diascope.imaging.cache_writer import MAX_BYTES, CacheWriter
from diascope.imaging.drawing import Canvas, Drawing, Keys
from diascope.imaging.sandbox import DecodePool, Item
from diascope.records import Image

_BATCH, _BATCH_BYTES = 64, 32 << 20
"""What is published at a time: a disk is waited for twice for each."""
_AHEAD = 2
"""Images under way for each process: none waits, and memory stays flat."""


class BadImage(NamedTuple):
    """An image that cannot be drawn, and why; the reason names the file by its path in the set."""

    image: Image
    reason: str


class Built(NamedTuple):
    """What building a cache came to, in images that differ."""

    added: int
    present: int
    """Were there before."""
    no_room: int
    """Did not fit into the bound on the disk; they are drawn whenever they are asked for."""
    bad: tuple[BadImage, ...]


class _Drawn(NamedTuple):
    key: bytes
    drawing: Drawing
    result: Canvas | str
    """A canvas, or why there is none."""


def build_cache(
    images: Iterable[Image],
    root: Path,
    canvas_map: Callable[[Size], CanvasMap],
    cache: Path,
    max_bytes: int = MAX_BYTES,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Built:
    """Draw every image under `root` that the folder `cache` lacks, and publish it there.

    `max_bytes` bounds the whole folder: shards of other images that no process is using go first,
    oldest before newer. `workers` processes decode, by default one a core; what dies in them is a
    bad image. `progress` is told images done and images to do. InputError when the folder cannot
    be written.
    """
    writer = CacheWriter(cache, max_bytes)
    wanted = _by_key(images, root, lru_cache(canvas_map))
    is_missing = writer.missing(list(wanted))
    todo = [item for item, absent in zip(wanted.items(), is_missing, strict=True) if absent]
    bad: list[BadImage] = []
    done = added = 0
    drawn = _drawn(todo, workers or len(os.sched_getaffinity(0))) if todo else iter(())
    for batch in _batches(drawn):
        entries = [Entry(key, result) for key, _, result in batch if not isinstance(result, str)]
        bad += [BadImage(each.image, why) for _, each, why in batch if isinstance(why, str)]
        num_there = writer.add(entries)
        done, added = done + len(batch), added + num_there
        if num_there < len(entries):
            break
        progress(done, len(todo))
    no_room = len(todo) - added - len(bad)
    return Built(added, len(wanted) - len(todo), no_room, tuple(bad))


def _by_key(
    images: Iterable[Image], root: Path, canvas_map: Callable[[Size], CanvasMap]
) -> dict[bytes, Drawing]:
    keys = Keys()
    drawings = (Drawing(root, image, canvas_map(image.size)) for image in images)
    return {keys.of(drawing): drawing for drawing in drawings}


def _batches(drawn: Iterator[_Drawn]) -> Iterator[list[_Drawn]]:
    batch: list[_Drawn] = []
    size = 0
    for each in drawn:
        batch.append(each)
        size += 0 if isinstance(each.result, str) else each.result.nbytes
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _drawn(todo: Sequence[tuple[bytes, Drawing]], workers: int) -> Iterator[_Drawn]:
    """The results in order."""
    with DecodePool(workers) as pool, ThreadPoolExecutor(workers) as threads:
        waiting: deque[tuple[bytes, Drawing, Future[Canvas | str]]] = deque()
        for key, drawing in todo:
            waiting.append((key, drawing, threads.submit(_attempt, drawing, pool)))
            if len(waiting) > _AHEAD * workers:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())


def _done(key: bytes, drawing: Drawing, result: Future[Canvas | str]) -> _Drawn:
    return _Drawn(key, drawing, result.result())


def _attempt(drawing: Drawing, pool: DecodePool) -> Canvas | str:
    """Decoded and drawn in a process of the pool: a canvas takes less to hand over than pixels."""
    image = drawing.image
    try:
        data = drawing.read_bytes()
        canvas = pool.read(Item(data, image.path, image.frame_index, drawing.placed))
        return str(canvas) if isinstance(canvas, InputError) else canvas
    except InputError as error:
        return str(error)
