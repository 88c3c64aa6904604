"""Room on a disk, asked for before it is filled."""

import shutil
from pathlib import Path

from diascope.errors import InputError

_RESERVE = 1 << 28
"""Bytes that are left to everything else on the disk."""


def room(folder: Path) -> int:
    """Bytes that may be written under a folder."""
    return max(0, shutil.disk_usage(folder).free - _RESERVE)


def require_room(folder: Path, needed: int) -> None:
    """InputError where fewer bytes may be written than are needed."""
    free = room(folder)
    if needed > free:
        raise InputError(
            f"{folder}: {in_words(needed)} are needed and {in_words(free)} may be written; "
            "make room there, or name a folder on another disk"
        )


def in_words(size: int) -> str:
    """A number of bytes for people, in powers of 1000."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
