"""Canvases of images, decoded once a process and kept in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.imaging.canvas import draw
from diascope.imaging.decode import read_image
from diascope.records import Case, Image

Canvas = NDArray[np.uint8]


class CanvasStore:
    """Draws images on a model's canvas; the canvases used last are kept up to `max_bytes`."""

    def __init__(
        self, root: Path, canvas_map: Callable[[Size], CanvasMap], max_bytes: int = 2 << 30
    ) -> None:
        self.root = root
        self._canvas_map = canvas_map
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, int | None], Canvas] = OrderedDict()
        self._bytes = 0

    def of(self, case: Case) -> tuple[Canvas, ...]:
        """The canvases of all images of the case's record, in order."""
        return tuple(self.canvas(image) for image in case.record.images)

    def canvas(self, image: Image) -> Canvas:
        """[height, width] or [height, width, 3] uint8; InputError when it cannot be read."""
        key = (image.path, image.frame_index)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        pixels = read_image(self.root / image.path, image.frame_index)
        if pixels.shape[:2] != (image.height, image.width):
            told = f"its record says {image.width} x {image.height}"
            read = f"{image.path}: the picture is {pixels.shape[1]} x {pixels.shape[0]}"
            raise InputError(f"{read}, {told}: run prepare, which leaves such records out")
        canvas = draw(pixels, self._canvas_map(image.size))
        self._keep(key, canvas)
        return canvas

    def _keep(self, key: tuple[str, int | None], canvas: Canvas) -> None:
        self._kept[key] = canvas
        self._bytes += canvas.nbytes
        while self._bytes > self._max_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
