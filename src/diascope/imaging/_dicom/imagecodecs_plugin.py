"""A decoder plugin of pydicom for what its own plugins refuse or leave to the GPL.

JPEG Extended of 12 bits and JPEG Lossless, by imagecodecs (libjpeg-turbo and jpegsof3).
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.uid import JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

DECODER_DEPENDENCIES = {
    uid: ("imagecodecs",) for uid in (JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
}


def is_available(uid: str) -> bool:
    """Whether the package is installed."""
    return uid in DECODER_DEPENDENCIES and find_spec("imagecodecs") is not None


def decode_frame(source: bytes, runner: DecodeRunner) -> bytearray:
    """The samples of one frame, colour by pixel, in the colour space in which they are stored."""
    pixels = np.ascontiguousarray(_decoded(source, runner))
    runner.set_option("bits_allocated", pixels.dtype.itemsize * 8)
    runner.set_option("planar_configuration", 0)
    return bytearray(pixels.tobytes())


def _decoded(source: bytes, runner: DecodeRunner) -> np.ndarray[Any, Any]:
    import imagecodecs

    if runner.transfer_syntax != JPEGExtended12Bit:
        return np.asarray(imagecodecs.jpegsof3_decode(source))
    if runner.samples_per_pixel == 1:
        return np.asarray(imagecodecs.jpeg8_decode(source))
    # from and to the same space: the dataset says what the samples are, the codec converts none
    return np.asarray(imagecodecs.jpeg8_decode(source, colorspace="YCBCR", outcolorspace="YCBCR"))
