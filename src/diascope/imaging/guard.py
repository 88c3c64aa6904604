"""Decoders that may never end, kept out of a process that must go on.

CharLS (2.4.3 and before; its change 334), which every JPEG-LS decoder here is, computes for ever on
some damaged streams. Nothing ends it inside the process, so a JPEG-LS file is decoded in a worker
of a sandbox, whoever asks: one for the whole process, started when the first such file comes.
"""

import atexit
import os
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom import uid

from diascope.imaging.errors import ImageError

if TYPE_CHECKING:
    from diascope.imaging.sandbox import DecodePool

_HANGING = (uid.JPEGLSLossless, uid.JPEGLSNearLossless)


def is_needed(syntax: uid.UID) -> bool:
    """Whether frames of this transfer syntax may not be decoded in this process."""
    from diascope.imaging.sandbox import CONFINED

    return syntax in _HANGING and CONFINED not in os.environ


def read(file: BinaryIO, name: str, frame: int | None) -> NDArray[np.uint8]:
    """The pixels of the whole file, as `decode` gives them in a worker; ImageError as there."""
    from diascope.imaging.sandbox import Item

    file.seek(0)
    pixels = _pool(os.getpid()).read(Item(file.read(), name, frame))
    if isinstance(pixels, ImageError):
        raise pixels
    return pixels


@lru_cache(maxsize=1)
def _pool(process: int) -> "DecodePool":
    """The worker of this process; a forked one may not speak through the pipes of its parent."""
    from diascope.imaging.sandbox import DecodePool

    pool = DecodePool(workers=1)
    atexit.register(_close, pool, process)
    return pool


def _close(pool: "DecodePool", process: int) -> None:
    if os.getpid() == process:
        pool.close()
