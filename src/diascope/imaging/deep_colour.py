"""Pixels of more than 8 bits, and the colour PNG and TIFF of which Pillow gives 8 bits silently."""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.imaging.errors import ImageError

_BITS_PER_SAMPLE, _PHOTOMETRIC, _RGB = 0x0102, 0x0106, 2
_PNG_DEPTH = 24  # behind the signature, the length and name of IHDR, width and height


def is_deep(file: BinaryIO, image: Image.Image) -> bool:
    """Whether an opened, undecoded picture has several channels of 16 bits."""
    if image.mode not in ("RGB", "RGBA", "RGBX", "LA"):
        return False
    if image.format == "TIFF":
        return max(_tag(image, _BITS_PER_SAMPLE, (8,))) > 8
    file.seek(_PNG_DEPTH)
    return image.format == "PNG" and file.read(1) == b"\x10"


def read(file: BinaryIO, image: Image.Image, name: str) -> NDArray[np.uint8]:
    """[height, width] or [height, width, 3] uint8 as they are stored, not yet upright.

    ImageError where imagecodecs is not installed or the pixels are not RGB or grey with alpha.
    """
    if image.format == "TIFF" and _tag(image, _PHOTOMETRIC, (_RGB,))[0] != _RGB:
        raise ImageError(f"{name}: deep colour other than RGB; convert it to RGB of 8 or 16 bits")
    samples = _decoded(file, image, name)
    colours = samples.shape[-1] - (samples.shape[-1] in (2, 4))
    if samples.shape[:2] != _stored(image) or samples.shape[-1] > 4 or samples.dtype.kind != "u":
        raise ImageError(f"{name}: deep colour that is not RGB; convert it to RGB of 8 or 16 bits")
    colour = samples[..., :colours]
    opaque = colour * _opacity(samples, colours)
    return scaled(opaque[..., 0] if colours == 1 else opaque, int(colour.max()))


def scaled(pixels: NDArray[Any], largest: int) -> NDArray[np.uint8]:
    """To 8 bits: full scale is the smallest 2**bits - 1, bits >= 8, that holds the largest."""
    values = np.clip(pixels.astype(np.float64), 0, None)
    full = 2 ** max(8, max(0, largest).bit_length()) - 1
    eight_bit: NDArray[np.uint8] = np.rint(values * (255 / full)).astype(np.uint8)
    return eight_bit


def _decoded(file: BinaryIO, image: Image.Image, name: str) -> NDArray[Any]:
    try:
        import imagecodecs
    except ImportError:
        raise ImageError(
            f"{name}: colour of 16 bits needs the package imagecodecs: "
            "pip install 'diascope[dicom]'"
        ) from None
    file.seek(0)
    if image.format == "PNG":
        return np.asarray(imagecodecs.png_decode(file.read()))
    return np.asarray(imagecodecs.tiff_decode(file.read(), index=image.tell()))


def _opacity(samples: NDArray[Any], colours: int) -> NDArray[np.float64]:
    """[height, width, 1]: the share of each pixel that is left on black."""
    if samples.shape[-1] == colours:
        return np.ones((1, 1, 1))
    return samples[..., colours:] / float(np.iinfo(samples.dtype).max)


def _stored(image: Image.Image) -> tuple[int, int]:
    """Rows and columns before the orientation, which Pillow has applied to a TIFF's size."""
    turned = image.format == "TIFF" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return image.size if turned else (image.height, image.width)


def _tag(image: Image.Image, tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
    found = getattr(image, "tag_v2", {}).get(tag, default)
    return tuple(found) if isinstance(found, tuple) else (found,)
