"""Candidates: pairs of pictures whose descriptors are near, found without comparing all of them.

Locality-sensitive hashing for Euclidean distance (Datar et al., SoCG 2004,
doi:10.1145/997817.997857): a table cuts the descriptors' space into cells by a few random
directions, and near ones mostly share a cell. Within a cell a table looks at the few neighbours
along one more direction, so that the work is O(n log n) however alike the pictures are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.curation.descriptors import (
    GAINS,
    WHOLE,
    WINDOWS,
    Describer,
    Floats,
    frequencies,
    mirrored,
)

Keys = NDArray[np.uint64]
Indices = NDArray[np.int64]
RADIUS = 7.0
"""How far apart the descriptors of a candidate pair may be, in misplacements of half a step."""
TABLES = 8
# two descriptors 3 apart in 16 dimensions share a cell of 8 directions, each 8 wide, about every
# second time, so that 8 tables miss one pair in 500; altered copies are nearer than 3 as a rule
_DIRECTIONS, _CELL = 8, 8.0
_LOOKED_AT = 8
_FEW = 32
_PLACE_BITS = np.uint64(20)
_PLACES_PER_UNIT = 1024.0


class Candidates(NamedTuple):
    """Pairs of pictures by their places, each once, first < second, in order."""

    first: Indices
    second: Indices
    flipped: NDArray[np.bool_]
    """Whether the second one is to be flipped left-right."""


def candidates(
    thumbnails: NDArray[np.uint8], places: Indices, rng: np.random.Generator
) -> Candidates:
    """Pairs of the thumbnails at these places that may show the same, as `near` finds them.

    Of a few pictures all pairs are candidates: axes cannot be fitted to them.
    """
    if len(places) <= _FEW:
        first, second = (np.repeat(each, 2) for each in np.triu_indices(len(places), 1))
        flipped = np.tile([False, True], len(first) // 2)
        return Candidates(places[first], places[second], flipped)
    brighter = (frequencies(thumbnails, places, gain) for gain in GAINS)
    found = near(frequencies(thumbnails, places), brighter, rng)
    return Candidates(places[found.first], places[found.second], found.flipped)


def near(found: Floats, altered: Iterable[Floats], rng: np.random.Generator) -> Candidates:
    """Pairs of which one looks like a window of the other, or like it altered, flipped or not.

    `found` are the frequencies of the pictures, `altered` those of the same ones altered, in their
    order; `rng` draws the cells. A pair nearer than RADIUS is missed with a small probability, one
    further apart never found.
    """
    describer = Describer.fitted(found)
    whole = describer.describe(found, WHOLE)
    described = np.concatenate([whole, describer.describe(mirrored(found), WHOLE)])
    tables = [_Table.drawn(described, rng) for _ in range(TABLES)]
    views = chain(
        (describer.describe(found, window) for window in WINDOWS),
        (describer.describe(each, WHOLE) for each in altered),
    )
    hits = np.empty(0, np.int64)
    for asked in views:
        seen = [_pairs(table.neighbours(asked), described, asked) for table in tables]
        hits = np.union1d(hits, np.concatenate(seen))
    pair, flipped = np.divmod(hits, 2)
    first, second = np.divmod(pair, len(found))
    return Candidates(first, second, flipped.astype(np.bool_))


class _Hits(NamedTuple):
    """Which descriptor met which of the pictures that asked."""

    described: Indices
    asked: Indices


@dataclass(frozen=True)
class _Table:
    """Descriptors in the order of their cell, and of their place in it."""

    directions: Floats
    offsets: Floats
    factors: Keys
    keys: Keys
    order: Indices

    @classmethod
    def drawn(cls, described: Floats, rng: np.random.Generator) -> "_Table":
        """A table of all the descriptors; the last direction gives the place in a cell."""
        directions = rng.standard_normal((described.shape[1], _DIRECTIONS + 1), np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        offsets = rng.uniform(0, _CELL, _DIRECTIONS + 1).astype(np.float32)
        factors = rng.integers(1, 2**64, _DIRECTIONS, np.uint64, endpoint=False) | np.uint64(1)
        keys = _keys(described, directions, offsets, factors)
        order = np.argsort(keys, kind="stable")
        return cls(directions, offsets, factors, keys[order], order)

    def neighbours(self, asked: Floats) -> _Hits:
        """The descriptors beside each that is asked for, in its cell."""
        keys = _keys(asked, self.directions, self.offsets, self.factors)
        order = np.argsort(keys)
        middle = np.searchsorted(self.keys, keys[order])
        cells = keys[order] >> _PLACE_BITS
        shared = np.flatnonzero(self._holds(middle - 1, cells) | self._holds(middle, cells))
        middle, cells, order = middle[shared], cells[shared], order[shared]
        hits = []
        for step in range(-_LOOKED_AT // 2, _LOOKED_AT // 2):
            same = np.flatnonzero(self._holds(middle + step, cells))
            hits.append(_Hits(self.order[middle[same] + step], order[same]))
        return _Hits(*map(np.concatenate, zip(*hits, strict=True)))

    def _holds(self, places: Indices, cells: Keys) -> NDArray[np.bool_]:
        """Whether there is a descriptor at each place, and in that cell."""
        there = np.clip(places, 0, len(self.keys) - 1)
        held: NDArray[np.bool_] = (there == places) & (self.keys[there] >> _PLACE_BITS == cells)
        return held


def _keys(described: Floats, directions: Floats, offsets: Floats, factors: Keys) -> Keys:
    """Cell in the upper bits, mixed by multiplication, and place within the cell in the lower."""
    along = described @ directions + offsets
    steps = np.floor(along[:, :-1] / _CELL).astype(np.int64).view(np.uint64)
    cells = (steps * factors).sum(1, dtype=np.uint64)
    limit = float(2 ** int(_PLACE_BITS) - 1)
    places = np.clip(along[:, -1] * _PLACES_PER_UNIT + limit / 2, 0, limit).astype(np.uint64)
    keys: Keys = cells >> _PLACE_BITS << _PLACE_BITS | places
    return keys


def _pairs(hits: _Hits, described: Floats, asked: Floats) -> Indices:
    """The hits within RADIUS as one number a pair: (first * pictures + second) * 2 + flipped."""
    pictures = len(asked)
    flipped, other = np.divmod(hits.described, pictures)
    apart = np.flatnonzero(other != hits.asked)
    kept = apart[_within(hits.described[apart], hits.asked[apart], described, asked)]
    first = np.minimum(other[kept], hits.asked[kept])
    second = np.maximum(other[kept], hits.asked[kept])
    return np.unique((first * pictures + second) * 2 + flipped[kept])


def _within(here: Indices, there: Indices, described: Floats, asked: Floats) -> NDArray[np.bool_]:
    near = np.empty(len(here), np.bool_)
    for start in range(0, len(here), 2**18):
        part = slice(start, start + 2**18)
        gap = described[here[part]] - asked[there[part]]
        near[part] = np.einsum("ij,ij->i", gap, gap) <= RADIUS**2
    return near
