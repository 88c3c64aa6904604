"""Pictures that are the same: copies, and copies that were encoded, resized, cropped or flipped.

    find_duplicates(Fingerprints.of([fingerprint(pixels) for pixels in pictures]))

Found are identical pixels, and copies changed in encoding, size, brightness or contrast, cropped by
up to a tenth of each side (a twentieth at each end), or flipped left-right. Descriptors
propose pairs in O(n log n) (`candidates`), and the thumbnails decide (`likeness`).
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.curation.candidates import Candidates, candidates
from diascope.curation.fingerprint import Fingerprints
from diascope.curation.likeness import likeness

Kind = Literal["exact", "near", "flipped"]
MAX_DISTANCE = 0.03
"""Of two pictures that count as one; see docs/leaks.md for how it was set."""
_FEATURELESS = 1.0
_PART = 4096


class Pair(NamedTuple):
    """Two pictures that are one, by their places, first < second."""

    first: int
    second: int
    kind: Kind
    distance: float
    """1 less the correlation of detail; 0 for identical pixels."""


def find_duplicates(fingerprints: Fingerprints, seed: int = 0) -> list[Pair]:
    """The pairs of pictures that are one, in order of their places.

    Of pictures with identical pixels each is paired with the first of them, and only the first is
    compared with others. A picture that is almost of one grey has no detail to be recognised by:
    only identical ones are found. `seed` draws the cells that candidates are looked for in.
    """
    groups = _groups(fingerprints.digests)
    again = np.flatnonzero(groups != np.arange(len(groups)))
    pairs = [Pair(int(groups[place]), int(place), "exact", 0.0) for place in again]
    return sorted(pairs + _near(fingerprints.thumbnails, _compared(fingerprints, groups), seed))


def _groups(digests: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For every picture, the place of the first one with its pixels."""
    whole = np.ascontiguousarray(digests).view(f"V{digests.shape[1]}").ravel()
    _, firsts, inverse = np.unique(whole, return_index=True, return_inverse=True)
    groups: NDArray[np.int64] = firsts[inverse]
    return groups


def _compared(fingerprints: Fingerprints, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the pictures that are compared with others."""
    firsts = np.flatnonzero(groups == np.arange(len(groups)))
    parts = (firsts[start : start + _PART] for start in range(0, len(firsts), _PART))
    kept = [part[fingerprints.thumbnails[part].std((1, 2)) >= _FEATURELESS] for part in parts]
    return np.concatenate([*kept, np.empty(0, np.int64)])


def _near(thumbnails: NDArray[np.uint8], places: NDArray[np.int64], seed: int) -> list[Pair]:
    if len(places) < 2:
        return []
    proposed = candidates(thumbnails, places, np.random.default_rng(seed))
    distances = _distances(thumbnails, proposed)
    best: dict[tuple[int, int], Pair] = {}
    for index in np.flatnonzero(distances <= MAX_DISTANCE):
        first, second, flipped = (column[index] for column in proposed)
        kind: Kind = "flipped" if flipped else "near"
        pair = Pair(int(first), int(second), kind, float(distances[index]))
        kept = best.setdefault(pair[:2], pair)
        best[pair[:2]] = min(kept, pair, key=lambda each: each.distance)
    return list(best.values())


def _distances(thumbnails: NDArray[np.uint8], pairs: Candidates) -> NDArray[np.float64]:
    distances = np.empty(len(pairs.first))
    for start in range(0, len(distances), _PART):
        part = slice(start, start + _PART)
        second = thumbnails[pairs.second[part]]
        second = np.where(pairs.flipped[part, None, None], second[:, :, ::-1], second)
        distances[part] = 1 - likeness(thumbnails[pairs.first[part]], second)
    return distances
