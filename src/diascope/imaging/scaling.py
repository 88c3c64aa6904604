"""Pixels as a vision tower wants them: (value / 255 - mean) / std, or folded into its first layer.

A patch embedding is linear, and so is the scaling: for grey pictures, whose three channels are
equal, both become one embedding of the plain 8-bit values. One byte a pixel is then read in place
of twelve.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Triple = tuple[float, float, float]
_BLOCK_PX = 1 << 16
"""Pixels worked on at a time: as float32 they stay in the cache of a core from step to step."""


class Folded(NamedTuple):
    """A patch embedding that reads 8-bit grey: weights [out, 1, height, width] and bias [out]."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


class Scaling(NamedTuple):
    """Mean and standard deviation of red, green and blue in 0 to 1; by default SigLIP's."""

    mean: Triple = (0.5, 0.5, 0.5)
    std: Triple = (0.5, 0.5, 0.5)

    def write(self, canvas: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
        """Fill out [3, height, width] with a scaled canvas; grey is repeated to three channels."""
        rows = max(1, _BLOCK_PX // canvas.shape[1])
        for top in range(0, canvas.shape[0], rows):
            self._write(canvas[top : top + rows], out[:, top : top + rows])

    def fold(self, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Folded:
        """The embedding of 8-bit grey patches that equals scaling them before this one.

        `weights` are [out, 3, height, width], `bias` is [out]. W' = sum over c of W_c / (255 std_c)
        and b' = b - the sum of W_c mean_c / std_c, so that W' v + b' is W ((v / 255 - mean) / std)
        + b but for rounding. It holds for equal channels alone: never for a colour picture.
        """
        mean, std = (np.array(numbers)[:, None, None] for numbers in self)
        exact = weights.astype(np.float64)
        grey = (exact / (255 * std)).sum(axis=1, keepdims=True)
        moved = bias - (exact * (mean / std)).sum(axis=(1, 2, 3))
        return Folded(grey.astype(np.float32), moved.astype(np.float32))

    def _write(self, canvas: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
        if canvas.ndim == 2 and len(set(self._terms())) == 1:
            _scale(canvas, *next(self._terms()), out[0])
            out[1:] = out[0]
            return
        for channel, (divisor, shift) in enumerate(self._terms()):
            plane = canvas if canvas.ndim == 2 else canvas[..., channel]
            _scale(plane, divisor, shift, out[channel])

    def _terms(self) -> Iterator[tuple[float, float]]:
        """What each channel is divided by, and what is then taken from it."""
        return ((255 * std, mean / std) for mean, std in zip(self.mean, self.std, strict=True))


def _scale(
    plane: NDArray[np.uint8], divisor: float, shift: float, out: NDArray[np.float32]
) -> None:
    out[...] = plane
    out /= np.float32(divisor)
    out -= np.float32(shift)
