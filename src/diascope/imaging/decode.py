"""PNG, JPEG and TIFF files to 8-bit arrays, by one policy for every part of diascope.

Grey stays one channel, colour becomes RGB, alpha is composed on black, EXIF orientation is applied,
deep grey is scaled by the smallest power of two that holds its largest value (12-bit data kept in
16 bits would be black otherwise). Files are hostile until proven otherwise: only the three formats
are tried, and a picture of more than 100 million pixels is refused before it is decoded.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from diascope.errors import InputError
from diascope.geometry import Size

MAX_PIXELS = 100_000_000
FORMATS = ("PNG", "JPEG", "TIFF")
_ORIENTATION = 0x0112
_GREY = ("1", "L", "LA", "La")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


class ImageError(InputError):
    """A file that cannot be read as a picture."""


def read_size(path: Path) -> Size:
    """Width and height in pixels as they will be decoded; the pixels are not decoded.

    ImageError for a file that is missing, no PNG, JPEG or TIFF, or too large.
    """
    with _opened(path, None) as image:
        return Size(*(image.size[::-1] if _orientation(image) in (5, 6, 7, 8) else image.size))


def read_image(path: Path, frame: int | None = None) -> NDArray[np.uint8]:
    """The pixels: [height, width] for a grey picture, [height, width, 3] RGB for any other.

    `frame` picks one of a TIFF of several; None is the first. ImageError as for `read_size`, and
    for a picture that is truncated, damaged, or has no such frame.
    """
    with _opened(path, frame) as image:
        return _to_array(image)


def read_grey(path: Path, frame: int | None = None) -> NDArray[np.uint8]:
    """The pixels as [height, width]; colour becomes luminance (ITU-R 601-2). Errors as above."""
    pixels = read_image(path, frame)
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


@contextmanager
def _opened(path: Path, frame: int | None) -> Iterator[ImageFile.ImageFile]:
    """The file as an undecoded picture; whatever goes wrong inside becomes an ImageError."""
    if not path.is_file():
        raise ImageError(f"{path}: there is no such file; check the path and that it was copied")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ours is the limit; damage is an error, not a warning
            # A file object, not a path: Pillow would map a path, and turns mapped TIFFs wrongly.
            with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
                _refuse_too_large(image, path)
                if frame is not None:
                    image.seek(frame)
                yield image
    except ImageError:
        raise
    except Exception as error:  # hostile bytes raise anything: SyntaxError, struct.error, ...
        raise ImageError(f"{path}: {_why(error)}") from None


def _refuse_too_large(image: Image.Image, path: Path) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(
            f"{path}: {image.width} x {image.height} pixels are more than the {MAX_PIXELS} "
            "that are read; store a smaller copy"
        )


def _why(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a PNG, JPEG or TIFF picture; convert it to one of these"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the {MAX_PIXELS} pixels that are read; store a smaller copy"
    if isinstance(error, EOFError):
        return "there is no such frame in it"
    return f"truncated or damaged ({error}); copy or export it again"


def _to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Upright 8-bit pixels of an opened picture."""
    is_turned = _orientation(image) != 1
    image.load()
    upright = ImageOps.exif_transpose(image) if is_turned else image
    if upright.mode in _DEEP:
        return _scaled(np.asarray(upright))
    if upright.mode not in _GREY + _COLOUR:
        raise ValueError(f"pixels of mode {upright.mode}")
    grey = upright.mode in _GREY
    if upright.has_transparency_data:
        upright = _on_black(upright)
    return np.array(upright.convert("L" if grey else "RGB"))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation that is left to apply; 1 for a TIFF, which Pillow turns by itself.

    EXIF behind the pixels of a PNG is not looked for: Pillow would decode the picture to find it.
    """
    in_front = image.format != "PNG" or {"exif", "Raw profile type exif"} & image.info.keys()
    if image.format == "TIFF" or not in_front:
        return 1
    return int(image.getexif().get(_ORIENTATION, 1))


def _on_black(image: Image.Image) -> Image.Image:
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image.convert("RGBA"))


def _scaled(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Deep grey to 8 bits: full scale is the smallest 2**bits - 1, bits >= 8, that holds it."""
    values = np.clip(pixels.astype(np.float64), 0, None)
    full = 2 ** max(8, int(values.max()).bit_length()) - 1
    eight_bit: NDArray[np.uint8] = np.rint(values * (255 / full)).astype(np.uint8)
    return eight_bit
