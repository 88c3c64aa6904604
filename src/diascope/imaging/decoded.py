"""What a decoder gives: all pixels of a picture or fewer, and how those lie on the picture."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from diascope.geometry import Rect, Size


class Grid(NamedTuple):
    """Where decoded pixels lie: the place x of the whole picture is x / factor + shift on them.

    Places are counted from the left or upper edge of the first pixel, along either axis.
    """

    factor: int = 1
    """Pixels of the whole picture, along an axis, for each that was decoded."""
    shift: float = 0.0

    def size(self, whole: Size) -> Size:
        """Pixels that are decoded of a picture; the last may stand for less than the others."""
        return Size(-(-whole.width // self.factor), -(-whole.height // self.factor))

    def place(self, rect: Rect) -> Rect:
        """A rectangle of the whole picture on the decoded pixels."""
        x0, y0, x1, y1 = (at / self.factor + self.shift for at in rect)
        return x0, y0, x1, y1


WHOLE = Grid()


@dataclass(frozen=True)
class Decoded:
    """Pixels [height, width] or [height, width, 3], upright and square."""

    pixels: NDArray[np.uint8]
    size: Size
    """Of the whole picture, pixels."""
    grid: Grid = WHOLE

    @classmethod
    def whole(cls, pixels: NDArray[np.uint8]) -> Self:
        """All pixels of a picture."""
        return cls(pixels, Size(pixels.shape[1], pixels.shape[0]))
