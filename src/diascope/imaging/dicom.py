"""DICOM files to 8-bit arrays, as a viewer shows them.

Stored bits, Modality LUT or rescale, VOI LUT or window, polarity, 8 bits, square pixels, in this
order (PS3.4 N.2). Colour is RGB; padding is black; overlays are not drawn.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut

from diascope.geometry import CanvasMap, Size
from diascope.imaging import budget, guard
from diascope.imaging._dicom import grey, samples, square, wavelet, window
from diascope.imaging._dicom.codecs import CODECS, Frame, read_frame
from diascope.imaging._dicom.dataset import Opened, open_dataset, values, word
from diascope.imaging._dicom.layout import GREY, PALETTE, Layout, layout_of
from diascope.imaging.canvas import most_factor
from diascope.imaging.decoded import WHOLE, Decoded, Grid
from diascope.imaging.errors import ImageError
from diascope.imaging.header import Header

POLICY: dict[str, object] = {
    **samples.POLICY,
    **window.POLICY,
    **grey.POLICY,
    **square.POLICY,
    **wavelet.POLICY,
    "colour": "rint(v * 255 / (2 ** bits - 1))",
}
"""Whatever shapes pixels here; a change of it is a change of the render profile."""


def read_header(file: BinaryIO, name: str) -> Header:
    """All that is said but for the pixels; ImageError where it is no picture or costs too much."""
    with _careful(name):
        opened = open_dataset(file, name)
        return _header(opened, layout_of(opened.dataset, name), name)


def read_pixels(
    file: BinaryIO, name: str, frame: int | None, placed: CanvasMap | None = None
) -> Decoded:
    """[height, width], or [height, width, 3] RGB for colour; ImageError for anything wrong.

    For a canvas, as few as `placed` allows.
    """
    with _careful(name):
        opened = open_dataset(file, name)
        if guard.is_needed(opened.syntax):
            return Decoded.whole(guard.read(file, name, frame))
        layout, index = layout_of(opened.dataset, name), frame or 0
        header = _header(opened, layout, name)
        if not 0 <= index < layout.frames:
            raise ImageError(f"{name}: there is no such frame in it, but {layout.frames}")
        is_square = header.size == header.stored
        grid = _grid(opened, layout, index, placed) if placed and is_square else WHOLE
        found = read_frame(opened, layout, index, name, grid)
        pixels = _rendered(opened, layout, found, index, name)
        if found.grid == WHOLE:
            pixels = square.squared(pixels, header.size)
        return Decoded(pixels, header.size, found.grid)


def load_decoders() -> None:
    """Import the decoders that are installed."""
    for codec in CODECS.values():
        if find_spec(codec.module) is not None:
            import_module(codec.module)


@contextmanager
def _careful(name: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes an ImageError that repeats no value of the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's repeat values; damage is an error
            yield
    except ImageError:
        raise
    except Exception as error:  # hostile bytes raise anything
        kind = type(error).__name__
        raise ImageError(
            f"{name}: truncated or damaged ({kind}); copy or export it again"
        ) from None


def _grid(opened: Opened, layout: Layout, index: int, placed: CanvasMap) -> Grid:
    contrast = grey.contrast_of(opened, layout, index)
    return wavelet.grid_of(layout, most_factor(placed, wavelet.DENSITY), contrast)


def _header(opened: Opened, layout: Layout, name: str) -> Header:
    dataset, stored = opened.dataset, Size(layout.columns, layout.rows)
    size = square.square_size(dataset, stored)
    budget.check_pixels(*size, name)
    burned = word(dataset, "BurnedInAnnotation")
    return Header(
        size=size,
        stored=stored,
        frames=layout.frames,
        spacing_mm=square.spacing_of(dataset, stored, size),
        modality=word(dataset, "Modality"),
        view_position=word(dataset, "ViewPosition"),
        laterality=word(dataset, "ImageLaterality") or word(dataset, "Laterality"),
        burned_in_annotation=burned == "YES" if burned in ("YES", "NO") else None,
        contradicts_polarity=layout.photometric == "MONOCHROME1"
        and word(dataset, "PresentationLUTShape") == "IDENTITY",
        for_processing="FOR PROCESSING" in values(dataset, "PresentationIntentType"),
    )


def _rendered(
    opened: Opened, layout: Layout, frame: Frame, index: int, name: str
) -> NDArray[np.uint8]:
    codes = samples.codes_of(frame.samples, layout)
    if frame.photometric in GREY:
        return grey.grey_pixels(opened, layout, codes, index, name)
    if frame.photometric == PALETTE:
        colours = apply_color_lut(codes, opened.dataset)
        return _eight_bits(colours, colours.dtype.itemsize * 8)
    if frame.photometric != "RGB":
        raise ImageError(f"{name}: its {frame.photometric} cannot become RGB; export it again")
    return _eight_bits(codes, layout.stored)


def _eight_bits(pixels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return pixels.astype(np.uint8)
    eight_bit: NDArray[np.uint8] = np.rint(pixels * (255 / (2**bits - 1))).astype(np.uint8)
    return eight_bit
