"""Candidates: planted neighbours among random pictures are found, in time that is near-linear."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diascope.curation.candidates import Candidates, near
from diascope.curation.descriptors import KEPT, mirrored


def spectra(pictures: int, seed: int) -> np.ndarray:
    """Frequencies of random pictures whose detail fades as that of photographs does."""
    step = np.add.outer(np.arange(KEPT), np.arange(KEPT)).ravel()
    drawn = np.random.default_rng(seed).standard_normal((pictures, KEPT**2))
    return (drawn * 40 / (1 + step) ** 1.3).astype(np.float32)


def listed(found: Candidates) -> list[tuple[int, int, bool]]:
    return [tuple(each.item() for each in row) for row in zip(*found, strict=True)]


@settings(max_examples=8)
@given(st.integers(0, 2**32))
def test_planted_neighbours_are_found(seed: int) -> None:
    base = spectra(300, seed)
    noise = np.random.default_rng(seed + 1).normal(0, 0.05, (20, KEPT**2)).astype(np.float32)
    copies, mirrors = base[:20] + noise, mirrored(base[20:40]) + noise
    found = set(listed(near(np.concatenate([base, copies, mirrors]), (), np.random.default_rng(2))))
    planted = {(place, 300 + place, False) for place in range(20)}
    planted |= {(20 + place, 320 + place, True) for place in range(20)}
    assert planted <= found
    assert len(found - planted) <= 3


def test_the_same_candidates_every_time_in_order() -> None:
    base = spectra(200, 3)
    base = np.concatenate([base, base[:50], base[:50]])
    first, again = (listed(near(base, (), np.random.default_rng(7))) for _ in range(2))
    assert first == again == sorted(set(first))
    assert all(here < there for here, there, _ in first)


def test_pictures_that_are_all_alike_give_a_bounded_number() -> None:
    # a picture among others of its kind meets few of them, or the work would grow with the square
    shares = []
    for pictures in (250, 1000):
        alike = spectra(1, 0) + spectra(pictures, 1) * 0.002
        found = near(alike, (), np.random.default_rng(0))
        shares.append(len(found.first) / pictures)
    assert shares[1] < 2 * shares[0]


def test_two_pictures_are_enough() -> None:
    base = spectra(2, 0)
    assert listed(near(np.concatenate([base, base[:1]]), (), np.random.default_rng(0))) == [
        (0, 2, False)
    ]
