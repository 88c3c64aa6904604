"""Grey pixels: modality, values of interest, polarity, 8 bits, and black for padding."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.imaging._dicom.dataset import Opened, group, number, values, word
from diascope.imaging._dicom.layout import Layout
from diascope.imaging._dicom.lut import Numbers
from diascope.imaging._dicom.samples import Codes, modality_of, numbers_of, padding_of
from diascope.imaging._dicom.window import Seen, shares_of, window_of

POLICY = {
    "polarity": "inverted once for MONOCHROME1 or the shape INVERSE, after voi",
    "rounding": "rint(share * 255)",
}


@dataclass(frozen=True)
class Shader:
    """How the codes of one frame become grey; `padding` is the range of stored values left out."""

    layout: Layout
    modality: Callable[[Numbers], Numbers]
    shares: Callable[[Numbers], Numbers]
    padding: tuple[float, float] | None
    is_inverted: bool

    def of(self, codes: NDArray[Any]) -> NDArray[np.uint8]:
        """0 to 255 for each code."""
        numbers = numbers_of(codes, self.layout)
        grey: NDArray[np.uint8] = np.rint(self.shares(self.modality(numbers)) * 255).astype(
            np.uint8
        )
        shown = 255 - grey if self.is_inverted else grey
        shown[_is_padding(numbers, self.padding)] = 0
        return shown


def grey_pixels(
    opened: Opened, layout: Layout, codes: Codes, index: int, name: str
) -> NDArray[np.uint8]:
    """[rows, columns] as shown; up to 16 bits each code is computed once and looked up."""
    shader = _shader(opened, layout, codes, index, name)
    if layout.stored > 16:
        return shader.of(codes)
    return shader.of(np.arange(2**layout.stored))[codes]


def contrast_of(opened: Opened, layout: Layout, index: int) -> float:
    """How many times the window that counts fits into the range of the stored values.

    Infinite where more than a line and a window decide what is shown, so that the grey of an
    average is not nearly the average of greys: tables, padding, or the pixels themselves.
    """
    dataset = opened.dataset
    window = window_of(group(dataset, index, "FrameVOILUTSequence"))
    tables = [values(dataset, f"{kind}LUTSequence") for kind in ("Modality", "VOI")]
    if window is None or any(tables) or padding_of(dataset, layout) is not None:
        return math.inf
    held = group(dataset, index, "PixelValueTransformationSequence")
    slope = number(held, "RescaleSlope") or 1.0
    return float(abs(slope) * 2**layout.stored / window.width)


def _shader(opened: Opened, layout: Layout, codes: Codes, index: int, name: str) -> Shader:
    dataset, little = opened.dataset, opened.syntax.is_little_endian
    modality = modality_of(dataset, index, little, name)
    padding = padding_of(dataset, layout)

    def seen() -> Seen:
        used, counts = _counted(codes, layout)
        numbers = numbers_of(used, layout)
        pixels = ~_is_padding(numbers, padding)
        return Seen(modality(numbers[pixels]), counts[pixels])

    # MONOCHROME1 and INVERSE say the same thing of one picture (PS3.3 C.8.11.3.1.2)
    inverted = layout.photometric == "MONOCHROME1" or (
        word(dataset, "PresentationLUTShape") == "INVERSE"
    )
    return Shader(layout, modality, shares_of(dataset, index, little, seen), padding, inverted)


def _counted(codes: Codes, layout: Layout) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Each code once and how many pixels have it; of one bit both, or a rare one would be lost."""
    if layout.stored == 1:
        return np.arange(2), np.ones(2, np.int64)
    if layout.stored > 16:
        return np.unique(codes, return_counts=True)
    counts = np.bincount(codes.ravel())
    used = np.flatnonzero(counts)
    return used, counts[used]


def _is_padding(numbers: Numbers, padding: tuple[float, float] | None) -> NDArray[np.bool_]:
    if padding is None:
        return np.zeros(numbers.shape, np.bool_)
    return (numbers >= padding[0]) & (numbers <= padding[1])
