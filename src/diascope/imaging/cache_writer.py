"""Adds canvases to a cache, one process at a time, within a bound on the disk that it takes.

A writer holds the lock of the folder while it publishes; a process that dies lets go of it.
"""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from diascope.imaging.cache import CacheError
from diascope.imaging.cache_index import ABSENT, Index
from diascope.imaging.cache_shard import LINE, Entry, Shard, shards

MAX_BYTES = 64 << 30
_LARGEST_SHARD = 1 << 30
_SHARDS = 16
"""At least so many shards share the bound, so that making room never costs much of the cache."""


class CacheWriter:
    """Publishes canvases; where they would not fit, the oldest shards that nobody uses go."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._max_bytes = max_bytes
        self._shard_bytes = min(_LARGEST_SHARD, max_bytes // _SHARDS)
        self._index = Index(folder)
        self._kept: set[Shard] = set()

    def missing(self, keys: Sequence[bytes]) -> list[bool]:
        """Which keys are not there; the shards of those that are will not be removed by `add`."""
        self._index.refresh()
        positions = self._index.find(keys)
        there = positions[positions != ABSENT]
        self._kept |= {self._index.shards[place] for place in set(self._index.shard_of[there])}
        is_missing: list[bool] = (positions == ABSENT).tolist()
        return is_missing

    def add(self, entries: Sequence[Entry]) -> int:
        """Publish those that are missing; how many of all are there then: some may have no room.

        CacheError when the folder cannot be written.
        """
        try:
            with self._alone():
                absent = self.missing([entry.key for entry in entries])
                new = [entry for entry, is_absent in zip(entries, absent, strict=True) if is_absent]
                new.sort(key=_shape)
                groups = [list(group) for _, group in groupby(new, _shape)]
                no_room = sum(len(group) for group in groups if not self._publish(group))
                return len(entries) - no_room
        except OSError as error:
            told = f"{self._folder}: the cache cannot be written ({error.strerror})"
            raise CacheError(f"{told}; make room, or name a folder that can be") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _publish(self, entries: list[Entry]) -> bool:
        shard = self._open(entries[0].canvas.shape)
        need = len(entries) * (shard.canvas_bytes + LINE.itemsize)
        if not self._make_room(need, shard):
            return False
        shard.append(entries)
        self._kept.add(shard)
        return True

    def _open(self, shape: tuple[int, ...]) -> Shard:
        """The newest shard of a shape, or one more where that is full."""
        every = shards(self._folder)
        last = [shard for shard in every if shard.shape == shape][-1:]
        if last and last[0].num_bytes() < self._shard_bytes:
            return last[0]
        newest = every[-1].number if every else 0
        # by the clock, so that no shard is ever named like one that was removed
        return Shard(max(time.time_ns(), newest + 1), shape, self._folder)

    def _make_room(self, need: int, written: Shard) -> bool:
        every = shards(self._folder)
        used = sum(shard.num_bytes() for shard in every)
        for shard in every:
            if used + need <= self._max_bytes:
                break
            size = shard.num_bytes()
            if shard != written and shard not in self._kept and shard.remove():
                used -= size
        return used + need <= self._max_bytes


def _shape(entry: Entry) -> tuple[int, ...]:
    return entry.canvas.shape
