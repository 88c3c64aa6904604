"""One image drawn on one canvas, and the key under which the result may be kept."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diascope.errors import InputError
from diascope.geometry import CanvasMap
from diascope.imaging.decode import read_canvas
from diascope.imaging.profile import render_profile
from diascope.records import Image

Canvas = NDArray[np.uint8]
"""[height, width] grey or [height, width, 3] colour, canvas pixels."""


@dataclass(frozen=True)
class Drawing:
    """What is to be drawn, where; everything that decides the pixels."""

    root: Path
    image: Image
    placed: CanvasMap

    def draw(self) -> Canvas:
        """The canvas; InputError when the file cannot be read, or is not what its record says."""
        path = self.root / self.image.path
        return read_canvas(path, self.placed, self.image.frame_index)

    def read_bytes(self) -> bytes:
        """The file; InputError where there is none, or it is not the one the sha256 is of.

        What many records share must be what its key says, whoever put it there.
        """
        image = self.image
        try:
            data = (self.root / image.path).read_bytes()
        except OSError as error:
            told = f"{image.path}: cannot be read ({error.strerror})"
            raise InputError(f"{told}; check the path and that it was copied") from None
        if image.sha256 not in (None, hashlib.sha256(data).hexdigest()):
            told = "the file is not the one that its sha256 was taken of"
            raise InputError(f"{image.path}: {told}: run prepare again")
        return data


class Keys:
    """Names under which drawings may be kept: content, frame, render profile and map decide them.

    The digest of a file whose record has none is taken once.
    """

    def __init__(self) -> None:
        self._profile = render_profile()
        self._digests: dict[Path, str | None] = {}

    def of(self, drawing: Drawing) -> bytes:
        """Thirty-two bytes that differ where any of these do."""
        image = drawing.image
        content = image.sha256 or self._digest(drawing.root / image.path)
        # a file that cannot be read has no key of its own: drawing it tells why
        parts = ("canvas 1", content, image.frame_index, self._profile, drawing.placed.digest)
        return hashlib.sha256(repr(parts).encode()).digest()

    def _digest(self, path: Path) -> str | None:
        if path not in self._digests:
            self._digests[path] = file_digest(path)
        return self._digests[path]


def file_digest(path: Path) -> str | None:
    """The sha256 of a file, None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
