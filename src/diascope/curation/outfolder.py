"""A folder that appears whole at the end or not at all."""

import os
import shutil
from pathlib import Path

from diascope.errors import InputError


def refuse_used(out: Path, root: Path) -> None:
    """InputError where `root` is no folder, or `out` is there already and not empty."""
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder to read")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists already; remove it or name another folder")


def partial_name(out: Path) -> Path:
    """Where this process makes what will be `out`."""
    return out.with_name(f".{out.name}.{os.getpid()}.partial")


def publish(partial: Path, out: Path) -> None:
    """The made folder takes the place of `out`, which may be there and empty."""
    if out.exists():
        out.rmdir()
    partial.rename(out)


def link_or_copy(file: Path, place: Path) -> None:
    """A hard link costs no space; across file systems, or where it is refused, a copy.

    FileNotFoundError where there is no such file.
    """
    try:
        place.hardlink_to(file.resolve(strict=True))
    except OSError:
        shutil.copyfile(file, place)


def settle(folder: Path) -> None:
    """Wait until the folder's list and the files directly in it are on the disk."""
    for path in folder.iterdir():
        if path.is_file():
            sync(path)
    sync(folder)


def publish_settled(partial: Path, out: Path) -> None:
    """As `publish`, so that not even a power cut leaves `out` with less than was written."""
    settle(partial)
    publish(partial, out)
    sync(out.parent)


def write_settled(path: Path, data: bytes, scratch: Path | None = None) -> None:
    """A file that appears whole under its name; it is written in the folder `scratch`.

    Without one it is written beside its place. The folder that it appears in is not waited for.
    """
    partial = partial_name(path if scratch is None else scratch / path.name)
    partial.write_bytes(data)
    sync(partial)
    partial.replace(path)


def sync(path: Path) -> None:
    """Wait until a file, or the list of a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
