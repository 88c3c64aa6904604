"""What a source is: one raw layout on disk, read into Records and a list of what could not be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from diascope.records import Record
from diascope.values import Value


class Problem(Value):
    """One thing that a source could not read; it is reported and counted, never dropped."""

    file: str
    """Relative to the source's folder."""
    row: int | None = None
    """Line of a text file or place in a list, from 1; None where the whole file is meant."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Source:
    """A raw layout. Image paths in its Records are relative to the folder that was read."""

    name: str
    about: str
    """One line for a list of sources."""
    read: Callable[[Path], Iterator[Record | Problem]]
    """InputError where the folder is not in this layout at all."""
    plan: Callable[[Path], str] | None = None
    """Of a source that makes what it reads: what reading would make, in words."""
