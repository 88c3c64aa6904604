"""How many pages a TIFF has, counted along its chain of directories; none of them is parsed.

Pillow parses each and looks it up in a list of all before it: minutes, where there are many.
"""

import struct
from typing import BinaryIO, NamedTuple

from diascope.imaging import budget

MAX_PAGES = 10_000
"""Of one TIFF; a later one is found in a second."""


class _Layout(NamedTuple):
    """Of TIFF (6.0, section 2) or BigTIFF: where the first offset is, and its numbers."""

    first: int
    entries: struct.Struct
    entry: int
    offset: struct.Struct


def count_pages(file: BinaryIO, name: str) -> int:
    """Pages of an opened TIFF; ImageError where they are too many. The file is moved."""
    layout = _layout(file)
    place, seen = _number(file, layout.first, layout.offset), set[int]()
    while place not in seen and (entries := _number(file, place, layout.entries)):
        seen.add(place)
        budget.check_frames(len(seen), name, MAX_PAGES)
        place += layout.entries.size + entries * layout.entry
        place = _number(file, place, layout.offset)
    return max(1, len(seen))


def _layout(file: BinaryIO) -> _Layout:
    file.seek(0)
    start = file.read(4)
    order = "<" if start.startswith(b"II") else ">"
    if 43 in start[2:]:
        return _Layout(8, struct.Struct(f"{order}Q"), 20, struct.Struct(f"{order}Q"))
    return _Layout(4, struct.Struct(f"{order}H"), 12, struct.Struct(f"{order}I"))


def _number(file: BinaryIO, place: int, kind: struct.Struct) -> int:
    """The number at a place; 0, which ends the chain, at place 0 and beyond the file's end."""
    if not 0 < place < 1 << 62:
        return 0
    file.seek(place)
    data = file.read(kind.size)
    return int(kind.unpack(data)[0]) if len(data) == kind.size else 0
