from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from diascope.errors import InputError
from diascope.mixture import BLOCK, Draw, Mixture, MixtureConfig, describe, probabilities

WORKERS = (1, 2, 4, 8)
KINDS = ("proportional", "inverse_size", "temperature")
SIZES = {"a": 10, "b": 1000, "c": 7}
sizes = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.integers(1, 500), min_size=1, max_size=6
)


@given(sizes, st.integers(0, 10**6), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_sample_is_a_function_of_seed_and_position(
    sizes: dict[str, int], seed: int, position: int
) -> None:
    config = MixtureConfig(kind="temperature")
    one, other = Mixture(sizes, config, seed), Mixture(sizes, config, seed)
    other.at(position + 5 * BLOCK)  # what was asked before must not matter
    assert one.at(position) == other.at(position)
    assert 0 <= one.at(position).sample < sizes[one.at(position).group]


@given(sizes, st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_nothing_repeats_before_everything_was_seen(sizes: dict[str, int], seed: int) -> None:
    mixture = Mixture(sizes, MixtureConfig(), seed)
    seen: dict[tuple[str, int], list[int]] = {}
    for position in range(3 * BLOCK):
        draw = mixture.at(position)
        seen.setdefault((draw.group, draw.epoch), []).append(draw.sample)
    for (group, epoch), indices in seen.items():
        assert len(set(indices)) == len(indices)
        if (group, epoch + 1) in seen:
            assert len(indices) == sizes[group]


def test_shares_are_kept_to_within_one_draw() -> None:
    weights = {"a": 54.0, "b": 35.0, "c": 11.0}
    mixture = Mixture(SIZES, MixtureConfig(kind="fixed", weights=weights), 3)
    counts = Counter(mixture.at(position).group for position in range(10 * BLOCK))
    for name, weight in weights.items():
        assert abs(counts[name] - weight / 100 * 10 * BLOCK) <= 1


def test_a_share_below_one_in_a_block_is_still_drawn() -> None:
    """M4CXR's smallest weight is 0.1 of 704."""
    mixture = Mixture(SIZES, MixtureConfig(kind="fixed", weights={"a": 704, "b": 0, "c": 0.1}), 0)
    counts = Counter(mixture.at(position).group for position in range(40 * BLOCK))
    assert abs(counts["c"] - 40 * BLOCK * 0.1 / 704.1) <= 1
    assert counts["b"] == 0


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (MixtureConfig(), {"a": 0.1, "b": 0.9}),
        (MixtureConfig(kind="inverse_size"), {"a": 0.9, "b": 0.1}),
        (MixtureConfig(kind="inverse_size", alpha=0.0), {"a": 0.5, "b": 0.5}),
        (MixtureConfig(kind="inverse_size", alpha=-1.0), {"a": 0.1, "b": 0.9}),
        (MixtureConfig(kind="temperature", temperature=2.0), {"a": 0.25, "b": 0.75}),
        (MixtureConfig(kind="fixed", weights={"a": 30, "b": 10}), {"a": 0.75, "b": 0.25}),
    ],
)
def test_probabilities_by_hand(config: MixtureConfig, expected: dict[str, float]) -> None:
    assert probabilities({"a": 10, "b": 90}, config) == pytest.approx(expected)


def test_effective_epochs_are_what_is_drawn() -> None:
    mixture = Mixture(SIZES, MixtureConfig(kind="inverse_size"), 0)
    epochs = mixture.effective_epochs(4 * BLOCK)
    draws = Counter(mixture.at(position).group for position in range(4 * BLOCK))
    for name, size in SIZES.items():
        assert epochs[name] == pytest.approx(draws[name] / size, abs=1.0)
    assert "1.00 epochs" in describe(Mixture({"a": 4}, MixtureConfig(), 0), 4)[0]


def test_groups_without_a_weight_may_be_left_out_together() -> None:
    told = MixtureConfig(kind="fixed", weights={"a": 3.0}, others=0.0)
    assert probabilities({"a": 10, "b": 90, "c": 5}, told) == {"a": 1.0, "b": 0.0, "c": 0.0}
    told = MixtureConfig(kind="fixed", weights={"a": 2.0}, others=1.0)
    assert probabilities({"a": 10, "b": 90, "c": 5}, told) == {"a": 0.5, "b": 0.25, "c": 0.25}
    with pytest.raises(InputError, match="no group 'bb', did you mean 'b'"):
        probabilities({"a": 10, "b": 90}, MixtureConfig(kind="fixed", weights={"bb": 1}, others=1))


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ({"a": 1.0, "bb": 1.0}, "did you mean 'b'"),
        ({"a": 1.0}, "no weight"),
        ({"a": 0, "b": 0, "c": 0}, "all are 0"),
    ],
)
def test_wrong_weights_are_explained(weights: dict[str, float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Mixture(SIZES, MixtureConfig(kind="fixed", weights=weights), 0)


@pytest.mark.parametrize(
    "chosen",
    [
        {"alpha": float("nan")},
        {"alpha": 200.0},
        {"temperature": 1e-9},
        {"temperature": float("inf")},
        {"weights": {"a": float("inf")}},
        {"weights": {"a": 1e308, "b": 1e308}},
    ],
)
def test_numbers_that_overflow_are_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MixtureConfig(**chosen)


def test_an_empty_group_is_an_error() -> None:
    with pytest.raises(InputError, match="empty_one"):
        Mixture({"a": 1, "empty_one": 0}, MixtureConfig(), 0)


@pytest.fixture(scope="module")
def workers() -> Iterator[list[ProcessPoolExecutor]]:
    """Eight processes that share nothing; the same one answers for a worker every time."""
    spawn = get_context("spawn")
    with ExitStack() as stack:
        yield [
            stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
            for _ in range(WORKERS[-1])
        ]


@given(sizes, st.sampled_from(KINDS), st.integers(0, 10**6), st.integers(0, 10**5))
@settings(max_examples=8)
def test_the_order_is_the_same_under_any_number_of_workers(
    workers: list[ProcessPoolExecutor], sizes: dict[str, int], kind: str, seed: int, start: int
) -> None:
    """Worker r of n draws the positions r, r + n, r + 2n, ... and has seen no other."""
    mixture = Mixture(sizes, MixtureConfig(kind=kind), seed)
    positions = range(start, start + 48)
    expected = [mixture.at(position) for position in positions]
    for count in WORKERS:
        parts = [positions[rank::count] for rank in range(count)]
        drawn = [
            worker.map(mixture.at, part, chunksize=len(part))
            for worker, part in zip(workers, parts, strict=False)
        ]
        together: list[Draw | None] = [None] * len(positions)
        for rank, part in enumerate(drawn):
            together[rank::count] = part
        assert together == expected


bundlings = st.lists(st.integers(1, 5), min_size=1, max_size=40)


@given(bundlings, st.integers(2, 5), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_bundles_stay_together_and_nothing_is_seen_twice(
    lengths: list[int], together: int, seed: int
) -> None:
    ends = np.cumsum(lengths)
    chance = np.random.default_rng(seed)
    samples = chance.permutation(int(ends[-1]))
    bundles = np.split(samples, ends[:-1])
    mixture = Mixture({"a": len(samples), "b": 7}, MixtureConfig(), seed, together, {"a": bundles})
    draws = [mixture.at(position) for position in range(4 * together * (len(samples) + 7))]
    assert draws[-1] == mixture.at(len(draws) - 1)
    drawn = [draw.sample for draw in draws if draw.group == "a"][: 2 * len(samples)]
    for epoch in (drawn[: len(samples)], drawn[len(samples) :]):
        assert sorted(epoch) == sorted(samples)
        place = {sample: number for number, sample in enumerate(epoch)}
        for bundle in bundles:
            first = place[int(bundle[0])]
            assert [place[int(each)] for each in bundle] == list(range(first, first + len(bundle)))
    for start in range(0, len(draws), together):
        assert len({draw.group for draw in draws[start : start + together]}) == 1


def test_whole_units_keep_the_shares_of_groups() -> None:
    weights = {"a": 3.0, "b": 1.0, "c": 0.0}
    mixture = Mixture(SIZES, MixtureConfig(kind="fixed", weights=weights), 3, together=4)
    counts = Counter(mixture.at(position).group for position in range(4 * BLOCK))
    assert abs(counts["a"] - 3 * BLOCK) <= 4
    assert counts["c"] == 0


def test_single_draws_are_what_they_were() -> None:
    """Runs of earlier versions are resumed: positions mean what they meant."""
    mixture = Mixture({"a": 10, "b": 30}, MixtureConfig(), 5)
    first = [mixture.at(position) for position in range(4)]
    assert first == [Draw("b", 8, 0), Draw("a", 2, 0), Draw("b", 24, 0), Draw("b", 1, 0)]
