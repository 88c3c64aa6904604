"""Which sample is seen at which position: arithmetic, not state.

The sample at global position p is a pure function of (seed, p), so an exact resume needs no more
than the position, under any number of workers. Positions come in blocks; inside a block each group
has the share its weight asks for, in shuffled order, and each group is walked through in one
permutation after another, so that nothing repeats before everything has been seen.

Samples that are cheaper together (questions about one image) may be drawn so: positions then come
in units of N, all of one group, and a permutation keeps the samples of a bundle beside one another.
Every sample is still seen once an epoch, and groups keep their shares. A bundle of fewer than N is
followed by the next one, so that a unit may hold parts of two.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat

from diascope.errors import InputError, nearest
from diascope.values import Value

BLOCK = 1024


class MixtureConfig(Value):
    """How often each group of samples is drawn."""

    kind: Literal["proportional", "inverse_size", "temperature", "fixed"] = "proportional"
    """proportional: p ~ n. inverse_size: p ~ n^-alpha. temperature: p ~ n^(1/T). fixed: weights."""
    by: Literal["dataset", "task"] = "task"
    """What makes a group."""
    alpha: Annotated[FiniteFloat, Field(ge=-8, le=8)] = 1.0
    """inverse_size: 1 is PaliGemma-CXR's ratio (arXiv 2503.00171), 0 uniform, -1 proportional."""
    temperature: Annotated[FiniteFloat, Field(ge=0.1)] = 2.0
    """temperature: 1 is proportional, large is uniform."""
    weights: dict[str, Annotated[FiniteFloat, Field(ge=0, le=1e9)]] = Field(default_factory=dict)
    """fixed: a weight for every group, in any unit."""
    others: Annotated[FiniteFloat, Field(ge=0, le=1e9)] | None = None
    """fixed: the weight of every group that `weights` leaves out; None forbids to leave one out."""


Bundles = Sequence[NDArray[np.int64]]
"""The samples of a group, each in one bundle, in the order that they are drawn in."""


class Draw(NamedTuple):
    """Which sample of which group, and how often the group had been walked through before."""

    group: str
    sample: int
    epoch: int


class Mixture:
    """Groups of samples with probabilities that sum to one."""

    def __init__(
        self,
        sizes: Mapping[str, int],
        config: MixtureConfig,
        seed: int,
        together: int = 1,
        bundles: Mapping[str, Bundles] = MappingProxyType({}),
    ) -> None:
        """Units are `together` positions long; a group without bundles is one of single samples.

        Empty groups are an error: a weight on nothing cannot be honoured.
        """
        if not sizes or min(sizes.values()) < 1:
            empty = [name for name, size in sizes.items() if size < 1]
            raise InputError(f"mixture has nothing to draw from: {', '.join(empty) or 'no groups'}")
        self.sizes = dict(sorted(sizes.items()))
        self.probabilities = probabilities(self.sizes, config)
        self.seed = seed
        self.together = together
        self._bundles = dict(bundles)
        self._names = [name for name in self.sizes if self.probabilities[name] > 0]
        self._rates = np.array([self.probabilities[name] for name in self._names])
        self._phases = np.random.default_rng([seed, 0]).random(len(self._names))

    def at(self, position: int) -> Draw:
        """The sample at a global position."""
        unit, member = divmod(position, self.together)
        block, slot = divmod(unit, BLOCK)
        group, units = (int(value) for value in self._block(block)[slot])
        name, number = self._names[group], units * self.together + member
        epoch, place = divmod(number, self.sizes[name])
        return Draw(name, int(self._permutation(group, epoch)[place]), epoch)

    def effective_epochs(self, num_samples: int) -> dict[str, float]:
        """How many times each group is walked through in a run of so many samples."""
        return {
            name: num_samples * self.probabilities[name] / size for name, size in self.sizes.items()
        }

    def _drawn(self, position: int) -> NDArray[np.int64]:
        """Draws of each group before a position: monotone in it, and they sum to it.

        The n-th draw of a group falls due at time (n + phase) / probability, and positions are
        handed out in order of those times; the time that a position stands for is found by halving.
        """
        early, late = 0.0, position + len(self._names) + 1.0
        for _ in range(80):
            middle = (early + late) / 2
            if self._due(middle).sum() < position:
                early = middle
            else:
                late = middle
        counts = self._due(late)
        for _ in range(int(counts.sum()) - position):
            last_due = np.where(counts > 0, (counts - 1 + self._phases) / self._rates, -np.inf)
            counts[int(last_due.argmax())] -= 1
        return counts

    def _due(self, time: float) -> NDArray[np.int64]:
        return np.clip(np.ceil(self._rates * time - self._phases), 0, None).astype(np.int64)

    @lru_cache(maxsize=8)  # noqa: B019 - a mixture lives as long as its run
    def _block(self, block: int) -> NDArray[np.int64]:
        """[BLOCK, 2]: for each slot the group, and which of the group's draws it is."""
        before = self._drawn(block * BLOCK)
        counts = self._drawn((block + 1) * BLOCK) - before
        groups = np.repeat(np.arange(len(counts)), counts)
        groups = np.random.default_rng([self.seed, 1, block]).permutation(groups)
        numbers = np.zeros_like(groups)
        for group, start in enumerate(before):
            where = groups == group
            numbers[where] = start + np.arange(where.sum())
        return np.stack([groups, numbers], axis=1)

    @lru_cache(maxsize=256)  # noqa: B019 - a mixture lives as long as its run
    def _permutation(self, group: int, epoch: int) -> NDArray[np.int64]:
        name = self._names[group]
        chance = np.random.default_rng([self.seed, 2, group, epoch])
        bundles = self._bundles.get(name)
        if bundles is None:
            return chance.permutation(self.sizes[name])
        return np.concatenate([bundles[place] for place in chance.permutation(len(bundles))])


def probabilities(sizes: Mapping[str, int], config: MixtureConfig) -> dict[str, float]:
    """The probability of each group, by the configured rule."""
    raw = _fixed(sizes, config) if config.kind == "fixed" else _powers(sizes, config)
    total = sum(raw.values())
    return {name: weight / total for name, weight in raw.items()}


def _powers(sizes: Mapping[str, int], config: MixtureConfig) -> dict[str, float]:
    exponents = {
        "proportional": 1.0,
        "inverse_size": -config.alpha,
        "temperature": 1.0 / config.temperature,
    }
    return {name: size ** exponents[config.kind] for name, size in sizes.items()}


def _fixed(sizes: Mapping[str, int], config: MixtureConfig) -> dict[str, float]:
    weights = dict(config.weights)
    unknown = [name for name in weights if name not in sizes]
    if config.others is not None:
        weights = dict.fromkeys(sizes, config.others) | weights
    missing = [name for name in sizes if name not in weights]
    if unknown or missing or not sum(weights.values()):
        wrong = [f"no group {name!r}{nearest(name, sizes)}" for name in unknown]
        wrong += [f"group {name!r} has no weight (0 leaves it out)" for name in missing]
        raise InputError("mixture weights: " + "; ".join(wrong or ["all are 0"]))
    return weights


def describe(mixture: Mixture, num_samples: int) -> Sequence[str]:
    """One line a group: its size, share and effective epochs in a run of so many samples."""
    epochs = mixture.effective_epochs(num_samples)
    shares = mixture.probabilities
    return [
        f"{name}: {size} samples, {shares[name]:.1%} of draws, {epochs[name]:.2f} epochs"
        for name, size in mixture.sizes.items()
    ]
