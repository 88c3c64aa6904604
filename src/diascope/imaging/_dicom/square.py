"""Square pixels from others: a picture is stretched along the axis of its larger pixel sides."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from diascope.geometry import Size
from diascope.imaging._dicom.dataset import group, number
from diascope.imaging.header import Spacing

_TOLERANCE = 0.01
POLICY = {"square": "the coarser axis stretched, bilinear", "square within": _TOLERANCE}


def square_size(dataset: Dataset, stored: Size) -> Size:
    """The size with square pixels; the stored one where they are square within a hundredth.

    The ratio is PixelAspectRatio's (PS3.3 C.7.6.3.1.7), else that of the spacing between pixels.
    """
    ratio = _ratio(dataset)
    if abs(ratio - 1) <= _TOLERANCE:
        return stored
    if ratio > 1:
        return Size(stored.width, round(stored.height * ratio))
    return Size(round(stored.width / ratio), stored.height)


def spacing_of(dataset: Dataset, stored: Size, size: Size) -> Spacing | None:
    """Millimetres between the pixels as read; None where the file does not say."""
    spacing = _spacing(dataset)
    if spacing is None:
        return None
    return Spacing(spacing.x * stored.width / size.width, spacing.y * stored.height / size.height)


def squared(pixels: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """The pixels at their square size."""
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def _ratio(dataset: Dataset) -> float:
    """Height of a stored pixel by its width; 1 where nothing valid is said."""
    sides = [number(dataset, "PixelAspectRatio", index) for index in (0, 1)]
    if sides[0] and sides[1] and min(sides[0], sides[1]) > 0:
        return sides[0] / sides[1]
    spacing = _spacing(dataset)
    return spacing.y / spacing.x if spacing else 1.0


def _spacing(dataset: Dataset) -> Spacing | None:
    """Between stored pixels: of all frames that of the first, rows before columns (C.7.6.3)."""
    places = (
        (group(dataset, 0, "PixelMeasuresSequence"), "PixelSpacing"),
        (dataset, "ImagerPixelSpacing"),
    )
    for held, keyword in places:
        down, across = number(held, keyword, 0), number(held, keyword, 1)
        if down is not None and across is not None and min(down, across) > 0:
            return Spacing(across, down)
    return None
