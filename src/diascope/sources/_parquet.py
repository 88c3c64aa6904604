"""Parquet files whose rows carry their own pictures: rows a few at a time, pictures by their place.

A picture is named FILE.parquet/ROW/COLUMN.SUFFIX, rows counted from 0, and by its first place where
several rows carry the same bytes. Only the row group that holds it is read to get it back.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from diascope.errors import InputError
from diascope.records import Image, Record
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem

Cells = dict[str, Any]
Make = Callable[[int, Cells], Iterable[Record]]
_TOGETHER = 64
"""Rows in memory at once: each may hold a picture of some megabytes."""
_MAGIC = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"II*\0": ".tif", b"MM\0*": ".tif"}


class Picture(NamedTuple):
    """A picture of a row, and the SHA-256 of its bytes: the one thing that tells it apart."""

    image: Image
    digest: str


class Pictures:
    """Makes images of the pictures in rows; equal bytes are one image, whichever row has them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: dict[str, Image] = {}

    def picture(self, file: str, row: int, column: str, cell: Any) -> Picture:
        """The picture of a cell, `row` from 0; Unreadable where the cell has none."""
        data = picture_bytes(cell)
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._known:
            place = f"{file}/{row}/{column}{_suffix(data)}"
            self._known[digest] = self._folder.embedded(place, data, sha256=digest)
        return Picture(self._known[digest], digest)


def picture_bytes(cell: Any) -> bytes:
    """The file in a cell: its bytes, or a struct of bytes and path; Unreadable for anything else.

    The path is a name in an archive that is gone, and says nothing.
    """
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(data, bytes) or not data:
        raise Unreadable("the row has no picture")
    return data


def _suffix(data: bytes) -> str:
    return next((suffix for magic, suffix in _MAGIC.items() if data.startswith(magic)), ".dcm")


def row_records(folder: Folder, file: str, make: Make) -> Iterator[Record | Problem]:
    """What `make` makes of the place, from 0, and the cells of every row."""
    try:
        for row, cells in enumerate(rows(folder, file)):
            yield from folder.records(file, row + 1, make, row, cells)
    except Unreadable as error:
        yield Problem(file=file, reason=str(error))


def columns(folder: Folder, file: str) -> list[str]:
    """The names of a file's columns; Unreadable where it is damaged."""
    return list(_opened(folder.path(file)).schema_arrow.names)


def features(folder: Folder, file: str) -> dict[str, Any]:
    """What `datasets` wrote of each column (its `features`, in JSON); empty where it did not."""
    told = (_opened(folder.path(file)).schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    try:
        found = json.loads(told)["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def extract(root: Path, path: str) -> bytes:
    """The file of an embedded picture, by the name that `Pictures` gave it."""
    file, mark, place = path.partition(".parquet/")
    row, _, name = place.partition("/")
    if not mark or not row.isdecimal():
        raise InputError(f"{path!r} names no picture; expected FILE.parquet/ROW/COLUMN.SUFFIX")
    try:
        found = Folder(root).path(f"{file}.parquet")
        return picture_bytes(_cell(found, int(row), Path(name).stem))
    except Unreadable as error:
        raise InputError(f"{path}: {error}") from None


def _cell(path: Path, row: int, column: str) -> Any:
    stamp = path.stat().st_mtime_ns
    starts = _starts(path, stamp)
    group = bisect_right(starts, row) - 1
    try:
        return _group(path, stamp, group, column)[row - starts[group]].as_py()
    except (IndexError, KeyError):
        raise Unreadable(f"there is no such row, or no column {column!r}") from None


@lru_cache(256)
def _starts(path: Path, stamp: int) -> tuple[int, ...]:
    """The first row of each row group; `stamp` is when the file was written."""
    told, at = _opened(path).metadata, 0
    starts = []
    for group in range(told.num_row_groups):
        starts.append(at)
        at += told.row_group(group).num_rows
    return tuple(starts)


@lru_cache(2)
def _group(path: Path, stamp: int, group: int, column: str) -> Any:
    """One column of a row group: pictures of one are asked for one after the other."""
    try:
        return _opened(path).read_row_group(group, [column], use_threads=False).column(column)
    except _damage() as error:
        raise _damaged(error) from None


def rows(folder: Folder, file: str, wanted: Sequence[str] | None = None) -> Iterator[Cells]:
    """The cells of every row, of the `wanted` columns alone; Unreadable where it is damaged."""
    opened = _opened(folder.path(file))
    try:
        for batch in opened.iter_batches(_TOGETHER, columns=wanted, use_threads=False):
            yield from batch.to_pylist()
    except _damage() as error:
        raise _damaged(error) from None


def _opened(path: Path) -> Any:
    """The file, its rows not yet read; Unreadable where it is damaged."""
    parquet = _library()
    try:
        return parquet.ParquetFile(path, pre_buffer=False)
    except _damage() as error:
        raise _damaged(error) from None


def _library() -> ModuleType:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError:
        raise InputError(
            "reading Parquet files needs pyarrow; install it with: pip install 'diascope[parquet]'"
        ) from None
    library: ModuleType = parquet
    return library


def _damage() -> tuple[type[Exception], ...]:
    """What pyarrow raises for bytes that are no Parquet."""
    from pyarrow import ArrowException

    return (ArrowException, OSError, UnicodeDecodeError)


def _damaged(error: Exception) -> Unreadable:
    return Unreadable(f"no Parquet file, or a damaged one ({str(error).splitlines()[0][:120]})")
