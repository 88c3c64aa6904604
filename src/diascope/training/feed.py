"""What a run learns from: cases by group, drawn by the mixture, rendered by the model."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from diascope.batching import Batch, Example, pack
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.imaging.augment import Augmentation, augment
from diascope.imaging.cache_build import build_cache
from diascope.imaging.canvas import draw
from diascope.imaging.drawing import Canvas
from diascope.imaging.handover import refuse_records
from diascope.imaging.store import CanvasStore
from diascope.mixture import Mixture
from diascope.models.family import VisionLanguageModel
from diascope.recordfile import RecordFile
from diascope.records import Case
from diascope.training.bundles import bundled
from diascope.training.chosen import Wanted, chosen
from diascope.training.config import DataConfig

Progress = Callable[[int, int], None]


def as_it_is(_case: Case, example: Example) -> Example:
    """The example: its tokens teach all there is."""
    return example


@dataclass(frozen=True, eq=False)
class Feed:
    """Draws, renders and batches; the batch of a step is a pure function of the step."""

    model: VisionLanguageModel
    groups: Mapping[str, Sequence[Case]]
    mixture: Mixture
    canvases: CanvasStore
    digest: str
    """The sha256 of the record file."""
    altered: "Altered | None" = None
    """Alters what is learnt from, and nothing else; None leaves everything as it is."""
    supervise: Callable[[Case, Example], Example] = as_it_is
    """Adds to an example what it teaches beside its tokens."""

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
        return pack(self.examples(range(start, start + size)))

    def examples(self, positions: Sequence[int]) -> Sequence[Example]:
        """The examples at global positions."""
        return [self._taught(*self.seen(position)) for position in positions]

    def of(self, cases: Sequence[Case]) -> Batch:
        """A training batch of these cases."""
        return pack([self.example(case) for case in cases])

    def example(self, case: Case) -> Example:
        """A case, unaltered."""
        return self._taught(case, self.canvases.of(case))

    def ids(self, start: int, size: int) -> str:
        """A digest of the ids of the cases in a batch, to compare runs by."""
        names = "\n".join(self.case(place).id for place in range(start, start + size))
        return hashlib.sha256(names.encode()).hexdigest()[:12]

    def seen(self, position: int) -> tuple[Case, tuple[Canvas, ...]]:
        """The case at a global position, and its pictures, both altered where they are altered."""
        case = self.case(position)
        if self.altered is None:
            return case, self.canvases.of(case)
        canvases, altered = self.altered.draw(case, [self.mixture.seed, 4, position])
        return altered, canvases

    def _taught(self, case: Case, canvases: tuple[Canvas, ...]) -> Example:
        return self.supervise(case, taught(self.model, case, canvases))


@dataclass(frozen=True, eq=False)
class Altered:
    """Draws pictures anew for every look at them, and tells what is then true."""

    augmentation: Augmentation
    originals: CanvasStore
    """Whole pictures, none larger than twice the model's canvas."""
    canvas_map: Callable[[Size], CanvasMap]

    @classmethod
    def of(cls, root: Path, model: VisionLanguageModel, augmentation: Augmentation) -> "Altered":
        """For the pictures under a root."""
        side = 2 * max(model.canvas_map(Size(64, 64)).canvas)
        return cls(augmentation, CanvasStore(root, partial(_whole, side)), model.canvas_map)

    def draw(self, case: Case, seed: Sequence[int]) -> tuple[tuple[Canvas, ...], Case]:
        """The model's canvases of an altered case, and the case."""
        rng = np.random.default_rng(seed)
        pictures, altered = augment(self.originals.of(case), case, self.augmentation, rng)
        both = zip(pictures, altered.record.images, strict=True)
        return tuple(self._canvas(pixels, image.size) for pixels, image in both), altered

    def _canvas(self, pixels: Canvas, size: Size) -> Canvas:
        """Where the model's map would put the picture, had it the size that its record says."""
        placed = self.canvas_map(size)
        height, width = pixels.shape[:2]
        scale = placed.scale[0] * size.width / width, placed.scale[1] * size.height / height
        return draw(
            pixels,
            CanvasMap(
                original=(width, height), canvas=placed.canvas, offset=placed.offset, scale=scale
            ),
        )


def _whole(side: int, size: Size) -> CanvasMap:
    ratio = min(1.0, side / max(size))
    copy = Size(max(1, round(size.width * ratio)), max(1, round(size.height * ratio)))
    return CanvasMap.fit(size, copy, "stretch")


def taught(model: VisionLanguageModel, case: Case, canvases: tuple[Canvas, ...]) -> Example:
    """A case with its true answer, after the true replies to the turns before it."""
    earlier = case.record.cases()[: case.index]
    unanswered = [turn.id for turn in (*earlier, case) if turn.turn.answer is None]
    if unanswered:
        raise InputError(f"{unanswered[0]} has no answer to learn from: prepare leaves such out")
    history = [model.target(turn, turn.truth) for turn in earlier]
    return model.render(case, canvases, history, case.truth)


def open_feed(
    model: VisionLanguageModel,
    config: DataConfig,
    path: Path,
    seed: int,
    drawing: Progress = lambda done, total: None,
    wanted: Wanted | None = None,
) -> Feed:
    """The feed of a record file; InputError when its split is empty, or it was prepared otherwise.

    Where the configuration names a cache, the canvases that it lacks are drawn first; `drawing` is
    told images done and images to do. `wanted` says which cases may be drawn; None is all.
    """
    records = RecordFile(path)
    refuse_records(path)
    every = records.groups(config.mixture.by, config.split)
    groups = chosen(every, wanted)
    if every and not groups:
        raise InputError(f"{path}: no case in split {config.split!r} says what the phase asks")
    if not groups:
        raise InputError(
            f"{path} has no cases in split {config.split!r}; it has: {', '.join(records.splits)}"
        )
    sizes = {name: len(cases) for name, cases in groups.items()}
    bundles = bundled(groups, config.together)
    mixture = Mixture(sizes, config.mixture, seed, config.together, bundles)
    cache = _filled(records, model, Path(config.cache), drawing) if config.cache else None
    store = CanvasStore(records.root, model.canvas_map, cache=cache)
    changes = config.augmentation
    altered = Altered.of(records.root, model, changes) if changes != Augmentation() else None
    return Feed(model, groups, mixture, store, records.digest(), altered)


def _filled(
    records: RecordFile, model: VisionLanguageModel, cache: Path, drawing: Progress
) -> Path:
    """The cache, once it holds all images of the records that it has room for."""
    images = (image for record in records for image in record.images)
    built = build_cache(images, records.root, model.canvas_map, cache, progress=drawing)
    if built.bad:
        raise InputError(
            f"{len(built.bad)} images cannot be drawn, the first: {built.bad[0].reason}; "
            "run prepare, which leaves such records out"
        )
    return cache
