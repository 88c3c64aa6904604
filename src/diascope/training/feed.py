"""What a run learns from: cases by group, drawn by the mixture, rendered by the model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from diascope.batching import Batch, Example, collate
from diascope.errors import InputError
from diascope.imaging.store import CanvasStore
from diascope.mixture import Mixture
from diascope.models.family import VisionLanguageModel
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.training.config import DataConfig

WINDOW = 8
"""Batches that are sorted by length together: rows of like length waste less padding."""


@dataclass(frozen=True, eq=False)
class Feed:
    """Draws, renders and batches; the batch of a step is a pure function of the step."""

    model: VisionLanguageModel
    groups: Mapping[str, Sequence[Case]]
    mixture: Mixture
    canvases: CanvasStore
    digest: str
    """The sha256 of the record file."""

    @property
    def num_cases(self) -> int:
        """Cases that may be drawn."""
        return sum(len(cases) for cases in self.groups.values())

    def case(self, position: int) -> Case:
        """The case at a global position."""
        draw = self.mixture.at(position)
        return self.groups[draw.group][draw.sample]

    def batch(self, start: int, size: int) -> Batch:
        """The batch of `size` examples at a global position that is a multiple of `size`."""
        return collate([example for _, example in self._drawn(start, size)], self.model.pad_id)

    def of(self, cases: Sequence[Case]) -> Batch:
        """A training batch of these cases."""
        return collate([self._example(case) for case in cases], self.model.pad_id)

    def ids(self, start: int, size: int) -> str:
        """A digest of the ids of the cases in a batch, to compare runs by."""
        names = "\n".join(case.id for case, _ in self._drawn(start, size))
        return hashlib.sha256(names.encode()).hexdigest()[:12]

    def _drawn(self, start: int, size: int) -> Sequence[tuple[Case, Example]]:
        window, place = divmod(start // size, WINDOW)
        return self._window(window, size)[place]

    @lru_cache(maxsize=1)  # noqa: B019 - a feed lives as long as its run
    def _window(self, number: int, size: int) -> Sequence[Sequence[tuple[Case, Example]]]:
        """The batches of one window, each of like lengths, in shuffled order."""
        first = number * size * WINDOW
        cases = [self.case(position) for position in range(first, first + size * WINDOW)]
        drawn = sorted(
            ((case, self._example(case)) for case in cases), key=lambda one: one[1].length
        )
        batches = [drawn[place : place + size] for place in range(0, len(drawn), size)]
        order = np.random.default_rng([self.mixture.seed, 3, number]).permutation(WINDOW)
        return [batches[place] for place in order]

    def _example(self, case: Case) -> Example:
        return taught(self.model, case, self.canvases)


def taught(model: VisionLanguageModel, case: Case, canvases: CanvasStore) -> Example:
    """A case with its true answer, after the true replies to the turns before it."""
    earlier = case.record.cases()[: case.index]
    unanswered = [turn.id for turn in (*earlier, case) if turn.turn.answer is None]
    if unanswered:
        raise InputError(f"{unanswered[0]} has no answer to learn from: prepare leaves such out")
    history = [model.target(turn, turn.truth) for turn in earlier]
    return model.render(case, canvases.of(case), history, case.truth)


def open_feed(model: VisionLanguageModel, config: DataConfig, path: Path, seed: int) -> Feed:
    """The feed of a record file; InputError when its split is empty."""
    records = RecordFile(path)
    groups = records.groups(config.mixture.by, config.split)
    if not groups:
        raise InputError(
            f"{path} has no cases in split {config.split!r}; it has: {', '.join(records.splits)}"
        )
    mixture = Mixture({name: len(cases) for name, cases in groups.items()}, config.mixture, seed)
    store = CanvasStore(records.root, model.canvas_map)
    return Feed(model, groups, mixture, store, records.digest())
