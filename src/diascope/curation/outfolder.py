"""A folder that appears whole at the end or not at all."""

import os
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
