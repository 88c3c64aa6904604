"""Plain PNG files by kornia-rs, at twice Pillow's speed, where it is installed (extra `fast`).

Of 8-bit grey or RGB there is one reading, so a picture is the same whichever way it is decoded.
What is not plain, or what kornia-rs refuses, is Pillow's to read and to complain of. One kind of
damage only Pillow sees: a wrong Adler-32 of data whose CRCs are right, which no disk brings about.
"""

from importlib.util import find_spec
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

_MODES = {"L": "mono", "RGB": "rgb"}


def read(file: BinaryIO, image: ImageFile.ImageFile) -> NDArray[np.uint8] | None:
    """[height, width] or [height, width, 3] of an opened PNG; None where Pillow is to read it.

    The file is left where it was.
    """
    if not _is_plain(image):
        return None
    place = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(place)
    return None if b"tRNS" in content else _decoded(content, image)


def is_fast() -> bool:
    """Whether kornia-rs is installed."""
    return find_spec("kornia_rs") is not None


def load_decoder() -> None:
    """Import it now, for a process that will fork, or be confined: that takes 40 ms."""
    if is_fast():
        pass


def _is_plain(image: ImageFile.ImageFile) -> bool:
    """One frame, not interlaced, of 8-bit samples that are stored in the mode that they have."""
    if image.format != "PNG" or image.mode not in _MODES or not image.tile:
        return False
    is_odd = image.info.keys() & {"interlace", "transparency"} or getattr(image, "n_frames", 1) > 1
    return not is_odd and image.tile[0].args == image.mode


def _decoded(content: bytes, image: ImageFile.ImageFile) -> NDArray[np.uint8] | None:
    if not is_fast():
        return None
    from kornia_rs import io

    shape = (image.height, image.width)
    try:
        samples = io.decode_image_png_u8(content, shape, _MODES[image.mode])
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of Rust is no Exception; Pillow says what is wrong
        return None
    pixels: NDArray[np.uint8] = samples.reshape(shape) if image.mode == "L" else samples
    return pixels
