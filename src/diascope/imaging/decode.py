"""The one door to pixels: a picture's file or bytes to 8-bit arrays, by one policy everywhere.

Grey stays one channel, colour becomes RGB, pixels are upright and square. What a file is, its
content says: its name is not looked at. Files are hostile until proven otherwise: sizes are checked
before anything is decoded, and whatever is wrong with a file is one ImageError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.geometry import CanvasMap, Size
from diascope.imaging import raster
from diascope.imaging.budget import MAX_PIXELS
from diascope.imaging.canvas import draw
from diascope.imaging.decoded import Decoded
from diascope.imaging.errors import ImageError
from diascope.imaging.header import Header

__all__ = [
    "MAX_PIXELS",
    "ImageError",
    "decode",
    "decode_canvas",
    "header_of",
    "load_decoders",
    "read_canvas",
    "read_grey",
    "read_header",
    "read_image",
    "read_size",
]

_PREFIX, _PREAMBLE = b"DICM", 128
_BARE = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
"""How a DICOM dataset without a preamble begins: group 0002 or 0008, in either byte order."""


def read_size(path: Path) -> Size:
    """Width and height in pixels as they will be decoded; the pixels are not decoded.

    ImageError for a file that is missing, no PNG, JPEG, TIFF or DICOM, or too large.
    """
    return read_header(path).size


def read_header(path: Path) -> Header:
    """All that the file says without being decoded. Errors as for `read_size`."""
    with _opened(path) as file:
        header: Header = _format(file).read_header(file, str(path))
        return header


def header_of(data: bytes, name: str) -> Header:
    """What `read_header` gives, from a file's bytes; `name` stands for the path in messages."""
    file = BytesIO(data)
    header: Header = _format(file).read_header(file, name)
    return header


def read_image(path: Path, frame: int | None = None) -> NDArray[np.uint8]:
    """The pixels: [height, width] for a grey picture, [height, width, 3] RGB for any other.

    `frame` picks one of a file of several; None is the first. ImageError as for `read_size`, and
    for a picture that is truncated, damaged, or has no such frame.
    """
    with _opened(path) as file:
        return _decoded(file, str(path), frame).pixels


def read_canvas(path: Path, placed: CanvasMap, frame: int | None = None) -> NDArray[np.uint8]:
    """The picture drawn on a canvas, [height, width] or [height, width, 3]: the one way to do it.

    What a canvas cannot show is not decoded: a JPEG or JPEG 2000 much larger than it becomes a
    smaller picture at once. Errors as for `read_image`, and ImageError where the picture is not of
    the size that the map was made for.
    """
    with _opened(path) as file:
        return _canvas(file, str(path), placed, frame)


def read_grey(path: Path, frame: int | None = None) -> NDArray[np.uint8]:
    """The pixels as [height, width]; colour becomes luminance (ITU-R 601-2). Errors as above."""
    pixels = read_image(path, frame)
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


def decode(data: bytes, name: str, frame: int | None = None) -> NDArray[np.uint8]:
    """What `read_image` gives, from a file's bytes; `name` stands for the path in messages."""
    return _decoded(BytesIO(data), name, frame).pixels


def decode_canvas(
    data: bytes, name: str, placed: CanvasMap, frame: int | None = None
) -> NDArray[np.uint8]:
    """What `read_canvas` gives, from a file's bytes; `name` stands for the path in messages."""
    return _canvas(BytesIO(data), name, placed, frame)


def load_decoders() -> None:
    """Import all that decoding may need, now: for a process that will fork, or be confined."""
    from diascope.imaging import dicom, plain_png

    dicom.load_decoders()
    plain_png.load_decoder()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if not path.is_file():
        raise ImageError(f"{path}: there is no such file; check the path and that it was copied")
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImageError(f"{path}: cannot be opened ({error.strerror}); check who may") from None
    with file:
        yield file


def _canvas(file: BinaryIO, name: str, placed: CanvasMap, frame: int | None) -> NDArray[np.uint8]:
    found = _decoded(file, name, frame, placed)
    if found.size != placed.original_size:
        (width, height), (told_width, told_height) = found.size, placed.original
        raise ImageError(
            f"{name}: the picture is {width} x {height}, its record says {told_width} x "
            f"{told_height}: run prepare, which leaves such records out"
        )
    return draw(found.pixels, placed, found.grid)


def _decoded(
    file: BinaryIO, name: str, frame: int | None, placed: CanvasMap | None = None
) -> Decoded:
    decoded: Decoded = _format(file).read_pixels(file, name, frame, placed)
    return decoded


def _format(file: BinaryIO) -> ModuleType:
    """The module that reads the file, by its first bytes; DICOM is imported when one comes."""
    start = file.read(_PREAMBLE + len(_PREFIX))
    file.seek(0)
    if start[_PREAMBLE:] != _PREFIX and not start.startswith(_BARE):
        return raster
    from diascope.imaging import dicom

    return dicom
