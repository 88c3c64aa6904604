"""Fingerprints of the images of a prepared folder, on disk: one row of fixed width an image.

A row is named by the image's file and frame, so that folders can be compared without their images.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diascope.curation.fingerprint import DIGEST_BYTES, SIDE, Fingerprint, Fingerprints
from diascope.errors import InputError

FILE = "fingerprints.bin"
_NAME_BYTES = 16
_NO_FRAME = 2**32 - 1
_ROW = np.dtype(
    [
        ("sha256", "u1", _NAME_BYTES),
        ("frame", "<u4"),
        ("digest", "u1", DIGEST_BYTES),
        ("thumbnail", "u1", (SIDE, SIDE)),
    ]
)


class Named(NamedTuple):
    """Which image a row is of: the first half of its file's sha256 in hex, and its frame."""

    sha256: str
    frame: int | None


def named(sha256: str, frame: int | None) -> Named:
    """The name of an image's row."""
    return Named(sha256[: 2 * _NAME_BYTES], frame)


class PrintWriter:
    """Appends rows to a new file, each image once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._seen: set[Named] = set()

    def add(self, sha256: str, frame: int | None, taken: Fingerprint) -> None:
        """The fingerprint of an image, unless it has one already."""
        name = named(sha256, frame)
        if name in self._seen:
            return
        self._seen.add(name)
        number = _NO_FRAME if frame is None else frame
        head = bytes.fromhex(name.sha256) + number.to_bytes(4, "little")
        self._file.write(head + taken.to_bytes())

    def close(self) -> None:
        """Everything is on disk after it."""
        self._file.close()


class Prints(NamedTuple):
    """The rows of a file, read from disk as they are needed."""

    names: list[Named]
    fingerprints: Fingerprints

    def only(self, places: Sequence[int]) -> "Prints":
        """The rows at these places, in memory."""
        digests, thumbnails = self.fingerprints.digests, self.fingerprints.thumbnails
        taken = Fingerprints(digests[places], thumbnails[places])
        return Prints([self.names[place] for place in places], taken)


def read_prints(path: Path) -> Prints:
    """The file; InputError where it is missing or cut."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; prepare the data again to have it")
    size = path.stat().st_size
    if size % _ROW.itemsize:
        raise InputError(f"{path}: cut off in the middle of a row; prepare the data again")
    rows = np.memmap(path, _ROW, "r") if size else np.zeros(0, _ROW)
    names = [
        Named(bytes(row).hex(), None if frame == _NO_FRAME else int(frame))
        for row, frame in zip(rows["sha256"], rows["frame"], strict=True)
    ]
    return Prints(names, Fingerprints(np.asarray(rows["digest"]), rows["thumbnail"]))
