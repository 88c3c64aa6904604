"""Where in a cache's shards a canvas lies: every key that is published, as arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.imaging.cache_shard import LINE, Shard, shards

ABSENT = -1


class _Seen(NamedTuple):
    """A shard, its place among all that were ever seen, and how many lines were read."""

    place: int
    num_lines: int


class Index:
    """The keys of a folder. A position stands for the same canvas for as long as the index lives.

    44 bytes a canvas are kept, and 40 more to look keys up by.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shards: list[Shard] = []
        self._seen: dict[Shard, _Seen] = {}
        self.shard_of = np.empty(0, np.int32)
        """Which of `shards` the canvas at a position lies in."""
        self.slot_of = np.empty(0, np.int32)
        """How many canvases lie before it there."""
        self._lines = np.empty(0, LINE)
        self._sorted = np.empty(0, "S32")
        self._order = np.empty(0, np.int64)
        self.refresh()

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def sums(self) -> NDArray[np.uint32]:
        """The CRC-32 that the pixels at each position should have."""
        sums: NDArray[np.uint32] = self._lines["pixels"]
        return sums

    def find(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """The position of every key, the newest where it was published twice, else ABSENT."""
        wanted = np.array(keys, "S32")
        at = np.searchsorted(self._sorted, wanted, side="right") - 1
        found = at >= 0
        found[found] = self._sorted[at[found]] == wanted[found]
        positions = np.full(len(wanted), ABSENT, np.int64)
        positions[found] = self._order[at[found]]
        return positions

    def refresh(self) -> None:
        """Read the lines that were published since the last time."""
        grown = [
            shard
            for shard in shards(self.folder)
            if shard.count() > self._seen.get(shard, _Seen(0, 0)).num_lines
        ]
        for shard in grown:
            self._read(shard)
        if grown:
            keys = self._lines["key"]
            order = np.argsort(keys, kind="stable")
            self._order = order[keys[order] != b""]
            self._sorted = keys[self._order]

    def _read(self, shard: Shard) -> None:
        place, start = self._seen.get(shard, _Seen(len(self.shards), 0))
        lines = shard.lines(start)
        if place == len(self.shards):
            self.shards.append(shard)
        self._seen[shard] = _Seen(place, start + len(lines))
        slots = np.arange(start, start + len(lines), dtype=np.int32)
        self.slot_of = np.concatenate([self.slot_of, slots])
        self.shard_of = np.concatenate([self.shard_of, np.full(len(lines), place, np.int32)])
        self._lines = np.concatenate([self._lines, lines])
