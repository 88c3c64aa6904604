"""How alike two thumbnails are once one is laid upon the other.

Lucas and Kanade's registration (IJCAI 1981), for a shift and a stretch of each axis: what a crop
does to a thumbnail of fixed size. Brightness and contrast are free. What is then compared is detail
alone, sizes between about one and three pixels of the thumbnail: radiographs of different people
agree in all that is coarser.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.curation.fingerprint import SIDE

Floats = NDArray[np.floating[Any]]
_BATCH = 256
_COARSE = SIDE // 2
_ROUNDS, _LAST_ROUNDS = 6, 3
_WORTH_A_CLOSER_LOOK = 0.85
_FINE, _MEDIUM = 1.0, 3.0
_OVERLAP = 0.75
# stretch and shift along x, then along y, as fractions of the side: somewhat more than cutting a
# tenth off does, and a part of it in one step, since slopes tell nothing further away
_MOST = np.array([0.15, 0.07, 0.15, 0.07], np.float32)
_MOST_AT_ONCE = np.array([0.05, 0.025, 0.05, 0.025], np.float32)
_TINY = 1e-6


class _Laid(NamedTuple):
    """The first pictures as they lie on the second ones, and where there is anything of them."""

    pictures: Floats
    inside: Floats


def likeness(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Floats:
    """Correlation of detail, from -1 to 1, of each first thumbnail with its second one.

    Both are [pairs, SIDE, SIDE]. 0 where less than three quarters of them overlap.
    """
    found = np.zeros(len(first), np.float32)
    for start in range(0, len(first), _BATCH):
        part = slice(start, start + _BATCH)
        found[part] = _likeness(first[part].astype(np.float32), second[part].astype(np.float32))
    return found


def _likeness(first: Floats, second: Floats) -> Floats:
    still = np.zeros((len(first), 4), np.float32)
    moves = _registered(_halved(first), _halved(second), still, _ROUNDS)
    found = _detail_likeness(first, second, moves)
    close = np.flatnonzero(found >= _WORTH_A_CLOSER_LOOK)
    if not len(close):
        return found
    here, there = first[close], second[close]
    moves = _registered(_blurred(here, _FINE), _blurred(there, _FINE), moves[close], _LAST_ROUNDS)
    found[close] = np.maximum(found[close], _detail_likeness(here, there, moves))
    return found


def _detail_likeness(first: Floats, second: Floats, moves: Floats) -> Floats:
    """The correlation of detail after the moves; 0 where too little overlaps."""
    pictures, inside = _laid(first, moves)
    here, there = _detail(pictures, inside), _detail(second, inside)
    overlaps = inside.mean((1, 2)) >= _OVERLAP
    return np.where(overlaps, _correlation(here, there, inside), np.float32(0))


def _registered(first: Floats, second: Floats, moves: Floats, rounds: int) -> Floats:
    """The moves [pairs, 4] that lay the first on the second best, found from those given."""
    best, most = moves.copy(), np.full(len(first), -1, np.float32)
    for _ in range(rounds):
        laid = _laid(first, moves)
        alike = _correlation(laid.pictures, second, laid.inside)
        better = alike > most
        best[better], most[better] = moves[better], alike[better]
        moves = np.clip(moves + _move(laid, second), -_MOST, _MOST)
    return best


def _move(laid: _Laid, second: Floats) -> Floats:
    """The least-squares step of stretch and shift along x and along y, contrast left free."""
    pictures, inside = laid
    places = _places(pictures.shape[1])
    across, down = np.gradient(pictures, 1 / pictures.shape[1], axis=(2, 1))
    slopes = np.stack([across * places, across, down * places[:, None], down], 1)
    slopes = _centred(slopes, inside[:, None]).reshape(len(pictures), 4, -1)
    now = _centred(pictures, inside).reshape(len(pictures), -1)
    wanted = _centred(second, inside).reshape(len(pictures), -1)
    power = np.einsum("nk,nk->n", now, now) + _TINY
    gain = np.maximum(np.einsum("nk,nk->n", now, wanted) / power, 0.1)
    slopes -= np.einsum("nik,nk->ni", slopes, now)[..., None] / power[:, None, None] * now[:, None]
    curvature = slopes @ slopes.transpose(0, 2, 1)
    curvature += np.eye(4, dtype=np.float32) * (0.01 * curvature + _TINY)
    gap = wanted / gain[:, None] - now
    steps = np.linalg.solve(curvature, np.einsum("nik,nk->ni", slopes, gap)[..., None])
    return np.clip(steps[..., 0], -_MOST_AT_ONCE, _MOST_AT_ONCE)


def _laid(pictures: Floats, moves: Floats) -> _Laid:
    """Pictures [pairs, side, side] stretched and shifted, linear between pixels."""
    side = pictures.shape[1]
    places = _places(side)
    columns = ((1 + moves[:, :1]) * places + moves[:, 1:2]) * side + (side - 1) / 2
    rows = ((1 + moves[:, 2:3]) * places + moves[:, 3:]) * side + (side - 1) / 2
    laid: Floats = _between(rows, side) @ pictures @ _between(columns, side).transpose(0, 2, 1)
    inside = _exists(rows, side)[:, :, None] & _exists(columns, side)[:, None, :]
    return _Laid(laid, inside.astype(np.float32))


def _between(places: Floats, side: int) -> Floats:
    """[pairs, side, side]: what every pixel has in each of the places, all of it in two pixels."""
    gaps = np.clip(places, 0, side - 1)[:, :, None] - np.arange(side)
    weights: Floats = np.maximum(1 - np.abs(gaps), 0).astype(np.float32)
    return weights


def _exists(places: Floats, side: int) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (places >= -0.5) & (places <= side - 0.5)
    return inside


def _places(side: int) -> Floats:
    """Centres of the pixels of an axis as fractions of its length, 0 in the middle."""
    return ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)


def _halved(pictures: Floats) -> Floats:
    """Half the side, a little blurred so that slopes reach further."""
    means = pictures.reshape(len(pictures), _COARSE, 2, _COARSE, 2).mean((2, 4))
    return _blurred(means, 0.75)


def _detail(pictures: Floats, inside: Floats) -> Floats:
    """What lies between two blurs; outside of `inside` nothing is known, and nothing is used."""
    fine, medium = (
        _blurred(pictures * inside, sigma) / np.maximum(_blurred(inside, sigma), _TINY)
        for sigma in (_FINE, _MEDIUM)
    )
    return fine - medium


def _blurred(pictures: Floats, sigma: float) -> Floats:
    """Pictures under a Gaussian of `sigma` pixels, of which only what lies on them counts."""
    weights = _gaussian(pictures.shape[1], sigma)
    blurred: Floats = weights @ pictures @ weights.T
    return blurred


@cache
def _gaussian(side: int, sigma: float) -> Floats:
    """[side, side]; cut at four sigma, since numbers too small for float32 are slow."""
    gaps = np.subtract.outer(np.arange(side), np.arange(side)) / sigma
    weights = np.exp(-(gaps**2) / 2) * (np.abs(gaps) <= 4)
    normal: Floats = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return normal


def _correlation(first: Floats, second: Floats, inside: Floats) -> Floats:
    """Pearson's correlation of pairs of pictures over what is inside; 0 where one is flat."""
    here, there = _centred(first, inside), _centred(second, inside)
    power = np.einsum("nij,nij->n", here, here) * np.einsum("nij,nij->n", there, there)
    found: Floats = np.einsum("nij,nij->n", here, there) / np.sqrt(power + _TINY)
    return found


def _centred(values: Floats, inside: Floats) -> Floats:
    """The values without their mean over what is inside, and 0 outside."""
    known = values * inside
    mean = known.sum((-2, -1), keepdims=True) / inside.sum((-2, -1), keepdims=True)
    centred: Floats = known - mean * inside
    return centred
