"""Canvases of images for training and prediction: out of a cache, or decoded here and now.

store = CanvasStore(records.root, model.canvas_map, cache=Path("cache"))
positions = store.positions(images)            # once
store.fill_float(positions[batch], pixels)     # at every step
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.imaging.cache import Cache, CacheError
from diascope.imaging.cache_index import ABSENT
from diascope.imaging.drawing import Canvas, Drawing, Keys
from diascope.imaging.scaling import Scaling
from diascope.records import Case, Image

_SIZES = 4096


class CanvasStore:
    """Draws images on a model's canvas, or reads what `build_cache` has drawn into a folder.

    Canvases that are drawn here are kept in memory, those used last up to `max_bytes`. Canvases out
    of a cache are read-only views of its files.
    """

    def __init__(
        self,
        root: Path,
        canvas_map: Callable[[Size], CanvasMap],
        max_bytes: int = 2 << 30,
        cache: Path | None = None,
    ) -> None:
        self.root = root
        self._canvas_map = lru_cache(_SIZES)(canvas_map)
        self._cache = None if cache is None else Cache(cache)
        self._keys = Keys()
        self._uncached: list[Image] = []
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, int | None], Canvas] = OrderedDict()
        self._bytes = 0

    def of(self, case: Case) -> tuple[Canvas, ...]:
        """The canvases of all images of the case's record, in order."""
        return tuple(self.canvas(image) for image in case.record.images)

    def canvas(self, image: Image) -> Canvas:
        """[height, width] or [height, width, 3] uint8; InputError when it cannot be read."""
        is_kept = (image.path, image.frame_index) in self._kept
        canvas = None if is_kept else self._cached(image)
        return self._drawn(image) if canvas is None else canvas

    def positions(self, images: Sequence[Image]) -> NDArray[np.int64]:
        """A number for each image, for `fill_uint8` and `fill_float` of this store alone.

        Images that the cache does not hold have one too, and are drawn whenever they are asked for.
        """
        found = self._find(images)
        absent = np.flatnonzero(found == ABSENT)
        found[absent] = -1 - len(self._uncached) - np.arange(len(absent))
        self._uncached += [images[place] for place in absent.tolist()]
        return found

    def fill_uint8(self, positions: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Copy canvases into out [count, height, width], or [count, height, width, 3] for any.

        InputError for an image that cannot be read, or is in colour where out has no channels.
        """
        if self._is_copied(positions, out):
            return
        for canvas, row in zip(self._views(positions), out, strict=True):
            if canvas.ndim > row.ndim:
                raise InputError("a picture in colour: give an array [count, height, width, 3]")
            row[...] = canvas if canvas.ndim == row.ndim else canvas[..., None]

    def fill_float(
        self,
        positions: NDArray[np.int64],
        out: NDArray[np.float32],
        scaling: Scaling = Scaling(),  # noqa: B008 - frozen
    ) -> None:
        """Write scaled canvases into out [count, 3, height, width]; grey is repeated at the end.

        InputError for an image that cannot be read.
        """
        for canvas, planes in zip(self._views(positions), out, strict=True):
            scaling.write(canvas, planes)

    def _is_copied(self, positions: NDArray[np.int64], out: NDArray[np.uint8]) -> bool:
        if self._cache is None or len(positions) == 0:
            return False
        if self._uncached and (positions < 0).any():
            return False
        return self._cache.copy(positions, out)

    def _views(self, positions: NDArray[np.int64]) -> list[Canvas]:
        cached = positions >= 0
        if self._cache is not None and cached.all():
            return self._cache.views(positions)
        views = iter(self._cache.views(positions[cached]) if self._cache else ())
        return [
            next(views) if position >= 0 else self._drawn(self._uncached[-1 - position])
            for position in positions.tolist()
        ]

    def _cached(self, image: Image) -> Canvas | None:
        """Out of the cache; None where it is not there, or damaged: the original is not."""
        if self._cache is None:
            return None
        found = self._find([image])
        try:
            return None if found[0] == ABSENT else self._cache.views(found)[0]
        except CacheError:
            return None

    def _find(self, images: Sequence[Image]) -> NDArray[np.int64]:
        if self._cache is None:
            return np.full(len(images), ABSENT)
        return self._cache.find([self._keys.of(self._drawing(image)) for image in images])

    def _drawing(self, image: Image) -> Drawing:
        return Drawing(self.root, image, self._canvas_map(image.size))

    def _drawn(self, image: Image) -> Canvas:
        key = (image.path, image.frame_index)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        canvas = self._drawing(image).draw()
        self._keep(key, canvas)
        return canvas

    def _keep(self, key: tuple[str, int | None], canvas: Canvas) -> None:
        self._kept[key] = canvas
        self._bytes += canvas.nbytes
        while self._bytes > self._max_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
