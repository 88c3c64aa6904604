"""One shard of a cache: a file of canvases of one size that only grows, and its index.

NAME.pixels holds canvases back to back, rows first, one byte a value, one value a pixel where they
are grey and three where they are in colour. NAME.index holds a line of 40 bytes for each, in the
same order, little-endian: the key (32 bytes), the CRC-32 of the pixels, the CRC-32 of the 36 bytes
before it. NAME is like 1764000000000000000-224x224x1: when it was begun (ns), width, height, values
a pixel.

A canvas is there once its line is. Pixels are on disk before their lines are written, and a line
that is cut short, or whose sum is wrong, is none: whatever moment a writer dies at, what can be
read is right. The next one fills up what it left behind; nothing is ever overwritten or cut off, so
that a map stays good. Whoever maps the pixels marks them with a shared lock that it never waits
for, and only an unmarked shard is removed.
"""

import fcntl
import mmap
import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.imaging.drawing import Canvas

LINE = np.dtype([("key", "S32"), ("pixels", "<u4"), ("line", "<u4")])
_SUMMED = LINE.itemsize - 4
_NAME = re.compile(r"(\d{19})-([1-9]\d{0,4})x([1-9]\d{0,4})x([13])\.(?:pixels|index)")


class Entry(NamedTuple):
    """A canvas and its key."""

    key: bytes
    canvas: Canvas


@dataclass(frozen=True, order=True)
class Shard:
    """A shard by its name; lower numbers are older."""

    number: int
    shape: tuple[int, ...]
    """[height, width] or [height, width, 3] of its canvases."""
    folder: Path

    @property
    def pixels(self) -> Path:
        """The file of canvases."""
        return self.folder / f"{self._stem}.pixels"

    @property
    def index(self) -> Path:
        """The file of lines."""
        return self.folder / f"{self._stem}.index"

    @property
    def _stem(self) -> str:
        height, width, *colour = self.shape
        return f"{self.number:019d}-{width}x{height}x{colour[0] if colour else 1}"

    @property
    def canvas_bytes(self) -> int:
        """Bytes of one canvas."""
        return int(np.prod(self.shape))

    def num_bytes(self) -> int:
        """Bytes of both files."""
        return _size(self.pixels) + _size(self.index)

    def count(self) -> int:
        """Whole lines, good or bad."""
        return _size(self.index) // LINE.itemsize

    def lines(self, start: int) -> NDArray[np.void]:
        """The whole lines from number `start` on; those whose sum is wrong have an empty key."""
        try:
            with self.index.open("rb") as file:
                file.seek(start * LINE.itemsize)
                raw = file.read()
        except FileNotFoundError:
            raw = b""
        lines = np.frombuffer(bytearray(raw[: len(raw) // LINE.itemsize * LINE.itemsize]), LINE)
        is_none = [not _is_whole(line) for line in _cut(raw, len(lines))]
        lines["key"][np.array(is_none, bool)] = b""
        return lines

    def map(self) -> NDArray[np.uint8] | None:
        """All canvases [count, height, width(, 3)], read-only; None when the shard is gone.

        It is in use, and stays, for as long as the array or a view of it lives.
        """
        try:
            with self.pixels.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                size = os.fstat(file.fileno()).st_size
                held = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except (FileNotFoundError, BlockingIOError, ValueError):  # removed, being so, or empty
            return None
        count = size // self.canvas_bytes  # the map's own descriptor keeps the mark
        return np.frombuffer(held, np.uint8, count * self.canvas_bytes).reshape(count, *self.shape)

    def append(self, entries: Sequence[Entry]) -> None:
        """Publish canvases of the shard's shape. The caller is the folder's only writer."""
        self._fill_up()
        _append(self.pixels, b"".join(entry.canvas.tobytes() for entry in entries))
        _append(self.index, b"".join(map(_line, entries)))

    def remove(self) -> bool:
        """Delete it unless it is in use; whether it was. The caller is the only writer."""
        try:
            with self.pixels.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.index.unlink(missing_ok=True)
                self.pixels.unlink()
        except BlockingIOError:
            return False
        except FileNotFoundError:
            self.index.unlink(missing_ok=True)
        return True

    def _fill_up(self) -> None:
        """Lines of zeros, which are none, for what a writer that died has left without its line."""
        files = {self.pixels: self.canvas_bytes, self.index: LINE.itemsize}
        count = max(-(-_size(path) // each) for path, each in files.items())
        for path, each in files.items():
            path.touch()
            os.truncate(path, count * each)


def shards(folder: Path) -> list[Shard]:
    """The shards of a folder, oldest first; files of other names are left alone."""
    try:
        with os.scandir(folder) as files:
            names = [file.name for file in files]
    except FileNotFoundError:
        return []
    return sorted({_named(folder, found) for found in map(_NAME.fullmatch, names) if found})


def sum_of(canvas: Canvas) -> int:
    """The CRC-32 of its pixels."""
    return zlib.crc32(np.ascontiguousarray(canvas).data)


def _named(folder: Path, found: re.Match[str]) -> Shard:
    number, width, height, channels = map(int, found.groups())
    shape = (height, width) if channels == 1 else (height, width, channels)
    return Shard(number, shape, folder)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _line(entry: Entry) -> bytes:
    start = entry.key + sum_of(entry.canvas).to_bytes(4, "little")
    return start + zlib.crc32(start).to_bytes(4, "little")


def _cut(raw: bytes, count: int) -> list[bytes]:
    return [raw[LINE.itemsize * place : LINE.itemsize * (place + 1)] for place in range(count)]


def _is_whole(line: bytes) -> bool:
    return zlib.crc32(line[:_SUMMED]) == int.from_bytes(line[_SUMMED:], "little")


def _append(path: Path, data: bytes) -> None:
    """Append and wait until it is on disk."""
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
