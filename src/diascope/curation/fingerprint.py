"""A fingerprint: what is kept of a picture to recognise copies of it, altered ones too.

It is a digest of the pixels, which tells identical pictures, and a grey thumbnail, which a crop, a
mirror image or another encoding is recognised by. A thumbnail is the whole picture squeezed into
a square, so that a resized copy has the same one whatever its size.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.errors import InputError

SIDE = 64
"""Rows and columns of a thumbnail."""
DIGEST_BYTES = 16
BYTES = DIGEST_BYTES + SIDE * SIDE
"""Length of a fingerprint as bytes."""


@dataclass(frozen=True)
class Fingerprint:
    """BLAKE2b digest of shape and pixels, and `SIDE` * `SIDE` grey levels row by row."""

    digest: bytes
    thumbnail: bytes

    def to_bytes(self) -> bytes:
        """The digest, then the thumbnail."""
        return self.digest + self.thumbnail

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """What `to_bytes` wrote; InputError for bytes of another length."""
        if len(raw) != BYTES:
            raise InputError(
                f"a fingerprint is {BYTES} bytes, not {len(raw)}; take it of the picture again"
            )
        return cls(raw[:DIGEST_BYTES], raw[DIGEST_BYTES:])


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of many pictures as arrays, one row a picture."""

    digests: NDArray[np.uint8]
    """[pictures, DIGEST_BYTES]."""
    thumbnails: NDArray[np.uint8]
    """[pictures, SIDE, SIDE]; may be a `numpy.memmap`, it is read a part at a time."""

    def __post_init__(self) -> None:
        shapes = (len(self.digests), DIGEST_BYTES), (len(self.digests), SIDE, SIDE)
        if (self.digests.shape, self.thumbnails.shape) != shapes:
            raise ValueError(
                f"digests of shape {self.digests.shape} and thumbnails of shape "
                f"{self.thumbnails.shape}, not {shapes[0]} and {shapes[1]}"
            )

    def __len__(self) -> int:
        return len(self.digests)

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> Self:
        """The fingerprints in their order."""
        rows = b"".join(each.to_bytes() for each in fingerprints)
        table = np.frombuffer(rows, np.uint8).reshape(-1, BYTES)
        thumbnails = table[:, DIGEST_BYTES:].reshape(-1, SIDE, SIDE)
        return cls(np.ascontiguousarray(table[:, :DIGEST_BYTES]), thumbnails)


def fingerprint(pixels: NDArray[np.uint8]) -> Fingerprint:
    """The fingerprint of a decoded picture, [height, width] or [height, width, 3] RGB.

    ValueError for an array of another shape or type, or one without pixels.
    """
    colours = pixels.shape[2:]
    if pixels.dtype != np.uint8 or pixels.ndim < 2 or colours not in ((), (3,)) or not pixels.size:
        raise ValueError(f"pixels of shape {pixels.shape} and type {pixels.dtype}")
    whole = np.ascontiguousarray(pixels)
    digest = hashlib.blake2b(repr(whole.shape).encode(), digest_size=DIGEST_BYTES)
    digest.update(whole.data)
    return Fingerprint(digest.digest(), _thumbnail(whole))


def _thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """Luminance (ITU-R 601-2) averaged over the area that a pixel of the thumbnail covers."""
    grey = Image.fromarray(pixels).convert("L")
    return grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0).tobytes()
