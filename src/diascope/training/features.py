"""What a vision tower that does not move says of a picture, kept: it looks once at each.

Every picture is looked at by itself, as in prediction and whatever it is batched with, so that what
is kept does not hang on the order of a run: a run that is resumed finds the same to the bit. Kept
is what the weights give, in their own type, under the pixels of the canvas and the digest of the
weights; pixels hold the picture, its frame and the render profile.
"""

import hashlib
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from diascope.batching import Batch, Canvas, Looked
from diascope.imaging.cache import Cache, CacheError
from diascope.imaging.cache_index import ABSENT
from diascope.imaging.cache_shard import Entry
from diascope.imaging.cache_writer import CacheWriter
from diascope.models.transformer import Transformer
from diascope.training.memoryconfig import MemoryConfig

Stage = Literal["seen", "looked"]
"""What may be kept: what the decoder reads, or what the tower says to a projector that moves."""

_GB = 10**9


class Shelf(Protocol):
    """Keeps features under keys, the first that there is room for."""

    def get(self, keys: Sequence[bytes], dtype: torch.dtype) -> list[Tensor | None]:
        """What is kept, None for what is not."""

    def put(self, keys: Sequence[bytes], features: Sequence[Tensor]) -> None:
        """Keep them where there is room."""


class Memory:
    """A shelf of this process.

    Nothing is ever dropped: pictures come in one permutation after another, in which what was used
    last is what comes again last.
    """

    def __init__(self, max_bytes: int) -> None:
        self._room = max_bytes
        self._kept: dict[bytes, Tensor] = {}

    def get(self, keys: Sequence[bytes], dtype: torch.dtype) -> list[Tensor | None]:
        """What is kept."""
        return [self._kept.get(key) for key in keys]

    def put(self, keys: Sequence[bytes], features: Sequence[Tensor]) -> None:
        """Keep them where there is room."""
        for key, each in zip(keys, features, strict=True):
            if each.nbytes <= self._room:
                self._room -= each.nbytes
                self._kept[key] = each


class Folder:
    """A shelf on disk: the shards of imaging.cache, whose canvases here are [tokens, bytes]."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._writer = CacheWriter(folder, max_bytes)
        self._cache = Cache(folder)

    def get(self, keys: Sequence[bytes], dtype: torch.dtype) -> list[Tensor | None]:
        """What is kept; what was damaged is not."""
        return [self._read(place, dtype) for place in self._cache.find(keys)]

    def put(self, keys: Sequence[bytes], features: Sequence[Tensor]) -> None:
        """Publish them; CacheError when the folder cannot be written."""
        raw = [each.contiguous().view(torch.uint8).cpu().numpy() for each in features]
        self._writer.add([Entry(key, each) for key, each in zip(keys, raw, strict=True)])

    def _read(self, place: np.int64, dtype: torch.dtype) -> Tensor | None:
        if place == ABSENT:
            return None
        try:
            view = self._cache.views(np.array([place]))[0]
        except CacheError:
            return None
        return torch.from_numpy(view.copy()).view(dtype)


@dataclass(frozen=True)
class Features:
    """Fills batches with what was seen before; without a stage it leaves them as they are."""

    model: Transformer
    stage: Stage | None
    shelf: Shelf
    digest: bytes = b""

    @classmethod
    def of(
        cls, model: Transformer, moving: Set[str], config: MemoryConfig, folder: Path | None
    ) -> "Features":
        """For a phase that moves the weights of these names; `folder` keeps them on disk."""
        room = int(config.features_gb * _GB)
        kept = stage(model, moving) if room else None
        if kept is None or folder is None:
            return cls(model, kept, Memory(room))
        return cls(model, kept, Folder(folder, room), _digest(model, kept))

    def fill(self, batch: Batch) -> Batch:
        """The batch, and what the tower says of its canvases."""
        if self.stage is None or not batch.canvases:
            return batch
        return replace(batch, looked=Looked(self._of(batch.canvases), self.stage == "seen"))

    def _of(self, canvases: Sequence[Canvas]) -> tuple[Tensor, ...]:
        keys = [self._key(canvas) for canvas in canvases]
        found = self.shelf.get(keys, _dtype(self.model))
        missing = [place for place, each in enumerate(found) if each is None]
        new = [self._look(canvases[place]) for place in missing]
        if new:
            self.shelf.put([keys[place] for place in missing], new)
        fresh = dict(zip(missing, new, strict=True))
        return tuple(fresh[place] if each is None else each for place, each in enumerate(found))

    def _look(self, canvas: Canvas) -> Tensor:
        return look(self.model, canvas, self.stage or "seen")

    def _key(self, canvas: Canvas) -> bytes:
        about = f"{self.stage} {_dtype(self.model)} {canvas.shape} ".encode()
        pixels = np.ascontiguousarray(canvas).data
        return hashlib.sha256(about + self.digest + hashlib.sha256(pixels).digest()).digest()


def stage(model: Transformer, moving: Set[str]) -> Stage | None:
    """What may be kept where the weights of these names move; None where the tower moves."""
    parts = {model.part(name) for name in moving}
    if "vision" in parts:
        return None
    if "projector" not in parts:
        return "seen"
    return "looked" if model.apart else None


def look(model: Transformer, canvas: Canvas, kept: Stage) -> Tensor:
    """[tokens, width] of one canvas, without a gradient, dropout or statistics of a batch."""
    with torch.no_grad(), _still(model):
        said = model.see([canvas]) if kept == "seen" else model.look([canvas])
        return said[0].to(_dtype(model)).contiguous()


@contextmanager
def _still(model: Transformer) -> Iterator[None]:
    modes = [(module, module.training) for module in model.network.modules()]
    model.network.eval()
    try:
        yield
    finally:
        for module, was in modes:
            module.training = was


def _dtype(model: Transformer) -> torch.dtype:
    """What features are kept in: what autocast would make of them, else what the weights are in."""
    device = next(model.network.parameters()).device.type
    if torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    found: torch.dtype = model.network.dtype
    return found


def _digest(model: Transformer, kept: Stage) -> bytes:
    """Of all that decides what the tower says: its weights, and what it says of one picture.

    The latter holds the scaling of pixels, and the version of the code.
    """
    named = {**dict(model.network.named_parameters()), **dict(model.network.named_buffers())}
    parts = ("vision", "projector") if kept == "seen" else ("vision",)
    taken = hashlib.sha256()
    for name, weight in sorted(named.items()):
        if model.part(name) in parts:
            taken.update(name.encode() + _raw(weight))
    width, height = model.canvas
    noise = np.random.default_rng(0).integers(256, size=(height, width), dtype=np.uint8)
    taken.update(_raw(look(model, noise, kept)))
    return taken.digest()


def _raw(tensor: Tensor) -> bytes:
    flat = tensor.detach().reshape(-1).contiguous().cpu()
    return flat.view(torch.uint8).numpy().tobytes()
