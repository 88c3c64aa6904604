"""A member of an archive, and the path that its name may have under a folder."""

import posixpath
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import IO, NamedTuple


class Refused(Exception):
    """Why a member, or the whole archive, is not unpacked."""


class Member(NamedTuple):
    """What an archive's directory says of one member."""

    name: str
    size: int
    """Bytes, unpacked."""
    is_folder: bool
    link: str | None
    """Of a link: the name that it means, counted from the archive's root."""
    open: Callable[[], IO[bytes]]


def safe_path(name: str, depth: int) -> Path:
    """The relative path that a name means; Refused where it leads out, on any system.

    Backslashes part folders too, as archivers on Windows write them.
    """
    path = PureWindowsPath(name)
    if path.drive or path.root:
        raise Refused("its name is absolute")
    if any(not part.strip(" .") for part in path.parts):
        raise Refused("its name leads out of the folder")
    if any(ord(letter) < 32 for letter in name):
        raise Refused("its name has control characters")
    if len(path.parts) > depth:
        raise Refused(f"its name is more than {depth} folders deep")
    return Path(*path.parts)


def meant(name: str, target: str) -> str:
    """The name, counted from the root, that a symbolic link of a name means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
