"""A folder of canvases that were decoded once, read at the speed of memory.

Readers never wait: they map shards and copy out of them. Every canvas is compared with its checksum
the first time that a process reads it. Files are what cache_shard says.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.errors import InputError
from diascope.imaging.cache_index import ABSENT, Index
from diascope.imaging.cache_shard import sum_of
from diascope.imaging.drawing import Canvas


class CacheError(InputError):
    """A cache that cannot be trusted, or not be written."""


class Cache:
    """Reads a folder that others may be writing to; what is found stays readable."""

    def __init__(self, folder: Path) -> None:
        self._index = Index(folder)
        self._maps: dict[int, NDArray[np.uint8]] = {}
        self._is_checked = np.zeros(len(self._index), bool)
        self._num_unchecked = len(self._index)

    def find(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """Where the canvases of these keys are, ABSENT for those that are not there."""
        positions = self._index.find(keys)
        if (positions == ABSENT).any():
            self._index.refresh()
            positions = self._index.find(keys)
            new = np.zeros(len(self._index) - len(self._is_checked), bool)
            self._is_checked = np.concatenate([self._is_checked, new])
            self._num_unchecked += len(new)
        found = np.flatnonzero(positions != ABSENT)
        positions[found[~self._is_mapped(positions[found])]] = ABSENT
        return positions

    def views(self, positions: NDArray[np.int64]) -> list[Canvas]:
        """The canvases at positions that were found, read-only, without a copy.

        CacheError, which names the file to remove, for pixels that do not fit their checksum.
        """
        self._check(positions)
        maps = self._maps
        places = self._index.shard_of[positions].tolist()
        slots = self._index.slot_of[positions].tolist()
        return [maps[place][slot] for place, slot in zip(places, slots, strict=True)]

    def copy(self, positions: NDArray[np.int64], out: NDArray[np.uint8]) -> bool:
        """Copy canvases of one shape into out [count, ...]; whether it could be done in one go.

        It can where they lie in one shard and out is of their shape. One call for all costs a
        quarter less time than one a canvas. Errors as for `views`.
        """
        places = self._index.shard_of[positions]
        if len(self._maps) > 1 and (places != places[0]).any():
            return False
        shard = self._maps[int(places[0])]
        if out.shape != (len(positions), *shard.shape[1:]) or not out.flags.c_contiguous:
            return False
        self._check(positions)
        np.take(shard, self._index.slot_of[positions], axis=0, out=out, mode="clip")
        return True

    def _is_mapped(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the positions can be read, their shards mapped now where they were not."""
        places, slots = self._index.shard_of[positions], self._index.slot_of[positions]
        readable = np.zeros(len(positions), bool)
        for place in np.unique(places).tolist():
            here = places == place
            readable[here] = slots[here] < self._num_mapped(place, int(slots[here].max()) + 1)
        return readable

    def _num_mapped(self, place: int, wanted: int) -> int:
        """How many canvases of a shard are mapped, after mapping it again where it has grown."""
        if place not in self._maps or len(self._maps[place]) < wanted:
            canvases = self._index.shards[place].map()
            if canvases is not None:
                self._maps[place] = canvases
        return len(self._maps.get(place, ()))

    def _check(self, positions: NDArray[np.int64]) -> None:
        if self._num_unchecked == 0:
            return
        for position in np.unique(positions[~self._is_checked[positions]]).tolist():
            place = int(self._index.shard_of[position])
            canvas = self._maps[place][self._index.slot_of[position]]
            if sum_of(canvas) != self._index.sums[position]:
                file = self._index.shards[place].pixels
                told = "its pixels are not those that were written: the disk has damaged it"
                raise CacheError(f"{file}: {told}; remove the file and build the cache again")
            self._is_checked[position] = True
            self._num_unchecked -= 1
