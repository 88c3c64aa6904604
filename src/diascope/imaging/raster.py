"""PNG, JPEG and TIFF files to 8-bit arrays.

Alpha is composed on black, EXIF orientation is applied, deep pixels are scaled by the smallest
power of two that holds the largest of them (12-bit data kept in 16 bits would be black otherwise).
Float pixels are refused: nothing says what their black and white are. Only the three formats are
tried, and a picture of too many pixels is refused before it is decoded.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from diascope.geometry import CanvasMap, Size
from diascope.imaging import budget, deep_colour, pages, plain_png
from diascope.imaging.canvas import most_factor
from diascope.imaging.decoded import Decoded, Grid
from diascope.imaging.errors import ImageError
from diascope.imaging.header import Header

FORMATS = ("PNG", "JPEG", "TIFF")
_FACTORS, _DENSITY = (8, 4, 2), 4
POLICY = {
    "orientation": "exif",
    "grey": "itu-r 601-2",
    "alpha": "on black",
    "deep": "rint(v * 255 / (2 ** max(8, bits of the largest) - 1))",
    "white is zero": "inverted",
    "cmyk": "inverted where adobe says so",
    "float": "refused",
    "jpeg": f"upright grey or rgb: scaled dct, {_DENSITY} pixels or more for one of the canvas",
    "formats": list(FORMATS),
}
"""Whatever shapes pixels here; a change of it is a change of the render profile."""

_ORIENTATION, _PHOTOMETRIC, _WHITE_IS_ZERO = 0x0112, 0x0106, 0
_GREY = ("1", "L", "LA", "La")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


def read_header(file: BinaryIO, name: str) -> Header:
    """The size, upright, and the frames; ImageError for no picture, or one too large."""
    with _opened(file, name) as image:
        turned = _orientation(image) in (5, 6, 7, 8)
        size = Size(*(image.size[::-1] if turned else image.size))
        return Header(size=size, stored=size, frames=_num_frames(file, image, name))


def read_pixels(
    file: BinaryIO, name: str, frame: int | None, placed: CanvasMap | None = None
) -> Decoded:
    """[height, width] or [height, width, 3] RGB, upright; for a canvas, as few as `placed` allows.

    ImageError as for `read_header`, and for a damaged picture or one without such a frame.
    """
    with _opened(file, name) as image:
        if frame is not None:
            if not 0 <= frame < _num_frames(file, image, name):
                raise EOFError
            image.seek(frame)
            budget.check_pixels(*image.size, name)
        if deep_colour.is_deep(file, image):
            return Decoded.whole(_turned(deep_colour.read(file, image, name), image))
        fewer = _for_canvas(file, image, placed) if placed and _orientation(image) == 1 else None
        return fewer or Decoded.whole(_to_array(image))


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[ImageFile.ImageFile]:
    """The file as an undecoded picture; whatever goes wrong inside becomes an ImageError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ours is the limit; damage is an error, not a warning
            # A file object, not a path: Pillow would map a path, and turns mapped TIFFs wrongly.
            with Image.open(file, formats=FORMATS) as image:
                budget.check_pixels(*image.size, name)
                yield image
    except ImageError:
        raise
    except Exception as error:  # hostile bytes raise anything: SyntaxError, struct.error, ...
        raise ImageError(f"{name}: {_why(error)}") from None


def _why(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a PNG, JPEG or TIFF picture, nor a DICOM file; convert it to one of these"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the {budget.MAX_PIXELS} pixels that are read; store a smaller copy"
    if isinstance(error, EOFError):
        return "there is no such frame in it"
    return f"truncated or damaged ({error}); copy or export it again"


def _num_frames(file: BinaryIO, image: ImageFile.ImageFile, name: str) -> int:
    if image.format == "TIFF":
        return pages.count_pages(file, name)
    count = int(getattr(image, "n_frames", 1))
    budget.check_frames(count, name)
    return count


def _for_canvas(file: BinaryIO, image: ImageFile.ImageFile, placed: CanvasMap) -> Decoded | None:
    """An upright JPEG or PNG by the fast way; None where there is none."""
    if (pixels := plain_png.read(file, image)) is not None:
        return Decoded.whole(pixels)
    most, size = most_factor(placed, _DENSITY), Size(*image.size)
    # a last pixel that stands for fewer than the others would weigh too much at the border
    factor = next((each for each in _FACTORS if each <= most and not any(np.mod(size, each))), 1)
    if factor == 1 or image.format != "JPEG" or image.mode not in ("L", "RGB"):
        return None
    # libjpeg computes 4, 2 or 1 of 8 samples a side from the lowest frequencies of a block
    image.draft(None, (size.width // factor, size.height // factor))
    return Decoded(_to_array(image), size, Grid(factor))


def _to_array(image: ImageFile.ImageFile) -> NDArray[np.uint8]:
    """Upright 8-bit pixels of an opened picture."""
    is_turned, is_negative = _orientation(image) != 1, _is_negative(image)
    image.load()
    upright = ImageOps.exif_transpose(image) if is_turned else image
    if upright.mode in _DEEP:
        pixels = np.asarray(upright)
        scaled = deep_colour.scaled(pixels, int(pixels.max()))
        return 255 - scaled if is_negative else scaled
    if upright.mode not in _GREY + _COLOUR:
        raise ValueError(f"pixels of mode {upright.mode}, which have no agreed black and white")
    if is_negative:
        upright = Image.fromarray(255 - np.asarray(upright), upright.mode)
    return _plain(upright)


def _plain(image: Image.Image) -> NDArray[np.uint8]:
    """Grey or RGB, without the alpha, palette or ink that it had."""
    mode = "L" if image.mode in _GREY else "RGB"
    shown = _on_black(image) if image.has_transparency_data else image
    return np.array(shown if shown.mode == mode else shown.convert(mode))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation that is left to apply; 1 for a TIFF, which Pillow turns by itself.

    EXIF behind the pixels of a PNG is not looked for: Pillow would decode the picture to find it.
    """
    in_front = image.format != "PNG" or {"exif", "Raw profile type exif"} & image.info.keys()
    if image.format == "TIFF" or not in_front:
        return 1
    return int(image.getexif().get(_ORIENTATION, 1))


def _is_negative(image: Image.Image) -> bool:
    """Whether Pillow gives the negative of the picture.

    It overlooks that white is 0 in a deep TIFF, and takes the ink of any JPEG for Adobe's, which
    are stored inverted.
    """
    if image.format == "TIFF":
        return image.mode in _DEEP and image.getexif().get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info


def _on_black(image: Image.Image) -> Image.Image:
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image.convert("RGBA"))


def _turned(pixels: NDArray[np.uint8], image: Image.Image) -> NDArray[np.uint8]:
    """Upright, for pixels that Pillow has not decoded."""
    exif = Image.Exif()
    exif[_ORIENTATION] = int(image.getexif().get(_ORIENTATION, 1))
    drawn = Image.fromarray(pixels)
    drawn.getexif().update(exif)
    return np.array(ImageOps.exif_transpose(drawn))
