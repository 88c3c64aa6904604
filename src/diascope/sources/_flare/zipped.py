"""Images that were never unpacked: read from the zip files of their data set, one by one."""

import zipfile
import zlib
from functools import lru_cache
from pathlib import Path, PurePosixPath

from diascope.errors import InputError
from diascope.imaging.budget import MAX_BYTES

_DEPTH = 3
"""Folders above the images of a data set: <split>/<Category>/<dataset>."""
_DAMAGE = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
"""What `zipfile` raises for a damaged or encrypted member, a method that it lacks, a name in no
encoding."""


def member(folder: Path, name: str) -> bytes | None:
    """The file of an image as named from the data set's folder; None where no zip file has it.

    InputError where it is damaged, or larger than any image that is read.
    """
    for path in sorted(folder.glob("*.zip")):
        if name in _names(path, path.stat().st_mtime_ns):
            return _read(path, name)
    return None


def extract(root: Path, path: str) -> bytes:
    """The file of an image by its path from the root, as though it were unpacked."""
    parts = PurePosixPath(path).parts
    data = member(root.joinpath(*parts[:_DEPTH]), "/".join(parts[_DEPTH:]))
    if data is None:
        raise InputError(f"{path}: there is no such file, and no zip file beside it has it")
    return data


@lru_cache(64)
def _names(path: Path, stamp: int) -> frozenset[str]:
    """What a zip file holds; `stamp` is when it was written. A damaged one holds nothing."""
    try:
        with zipfile.ZipFile(path) as packed:
            return frozenset(packed.namelist())
    except _DAMAGE:
        return frozenset()


def _read(path: Path, name: str) -> bytes:
    """No more than an image may have: a small member may unpack to anything."""
    try:
        with zipfile.ZipFile(path) as packed, packed.open(name) as file:
            data = file.read(MAX_BYTES + 1)
    except _DAMAGE as error:
        raise InputError(f"{path.name}: {name!r} cannot be unpacked ({error})") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path.name}: {name!r} is more than the {MAX_BYTES} bytes that are read")
    return data
