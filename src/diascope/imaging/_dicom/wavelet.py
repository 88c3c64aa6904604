"""JPEG 2000 frames decoded to fewer pixels: the transform's low-pass band is a smaller picture.

The band of level n keeps every 2**n-th sample, filtered by wavelets that are symmetric about it
(T.800 annex F): its first sample lies on the picture's first, not on the middle of the 2**n that it
stands for. High-Throughput frames are decoded in full: damage in what is left out, which their
decoder notices and that of JPEG 2000 does not, would go unseen.
"""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid

from diascope.geometry import Size
from diascope.imaging._dicom.codestream import is_aligned
from diascope.imaging._dicom.layout import GREY, Layout
from diascope.imaging.decoded import WHOLE, Grid

SYNTAXES = (uid.JPEG2000Lossless, uid.JPEG2000)
DENSITY = 2
"""Decoded pixels that are left for each of the canvas."""
_MOST_CONTRAST = {2: 4 / 3, 1: 8.0}
"""By level: contrast multiplies what differs from the whole picture, of which the mean stays below
a quarter of a grey level on radiographs."""
POLICY = {
    "jpeg 2000": f"low-pass band, {DENSITY} pixels or more for one of the canvas",
    "jpeg 2000 levels": list(_MOST_CONTRAST.items()),
}


def grid_of(layout: Layout, most: float, contrast: float) -> Grid:
    """The grid to decode a frame to, `most` being the largest factor that the canvas allows."""
    for level, most_contrast in _MOST_CONTRAST.items():
        factor = 2**level
        if factor <= most and contrast <= most_contrast and _is_sized(layout, level):
            return Grid(factor, 0.5 - 0.5 / factor)
    return WHOLE


def read(code: bytes, layout: Layout, grid: Grid) -> NDArray[Any] | None:
    """Samples of the low-pass band [rows, columns]; None where the frame is to be read in full.

    That is what the caller does with a damaged one too, and so the complaints are the same.
    """
    if not _is_plain(code, layout):
        return None
    from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

    try:
        opened: Any = Jpeg2KImageFile(BytesIO(code))  # which types `reduce` as a method
        with opened as image:
            image.reduce = grid.factor.bit_length() - 1
            image.load()
            samples = np.asarray(image)
    except Exception:  # hostile bytes raise anything
        return None
    # Pillow moves the bits to the top of 8 or 16
    return samples >> (samples.dtype.itemsize * 8 - layout.stored)


def _is_sized(layout: Layout, level: int) -> bool:
    """Whether Pillow, which rounds sizes, gets that of the band, which is rounded up."""
    half = 2**level >> 1
    rounded = Size((layout.columns + half) >> level, (layout.rows + half) >> level)
    return rounded == Grid(2**level).size(Size(layout.columns, layout.rows))


def _is_plain(code: bytes, layout: Layout) -> bool:
    """Grey, unsigned, of the bits that the dataset says, from the grid's origin."""
    is_plain = layout.photometric in GREY and not layout.is_signed and layout.stored <= 16
    return is_plain and layout.high_bit == layout.stored - 1 and is_aligned(code, layout.stored)
