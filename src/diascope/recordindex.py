"""The index beside a record file: offsets and codes, built in one pass and memory-mapped.

Layout, little-endian: 8 bytes of magic with the version; four uint64: size and modification time
(ns) of the record file, number of records, length of the names; the names as JSON, padded with
spaces to a multiple of 8; offset uint64[n + 1]; split, dataset, turns uint32[n].
"""

import hashlib
import os
import struct
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from diascope.errors import InputError
from diascope.values import Value

_MAGIC = b"DSCOPE01"
_HEADER = struct.Struct("<8s4Q")
_LONGEST_LINE = 64 * 2**20

N = TypeVar("N")


class Names(Value):
    """What the codes stand for; `turns` are the tasks of a record's turns, in order."""

    splits: tuple[str, ...]
    datasets: tuple[str, ...]
    turns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Index:
    """One row a record; the text of record i lies in offset[i] to offset[i + 1] of the file."""

    names: Names
    offset: NDArray[np.uint64]
    split: NDArray[np.uint32]
    dataset: NDArray[np.uint32]
    turns: NDArray[np.uint32]


class _Stamp(NamedTuple):
    size: int
    mtime_ns: int


class _Asked(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    task: str


class _Head(BaseModel):
    """The part of a record that is indexed."""

    model_config = ConfigDict(extra="ignore", strict=True)
    id: str
    split: str
    dataset: str
    turns: tuple[_Asked, ...]


def open_index(path: Path) -> Index:
    """The index of a record file, from the file beside it, or built now where that is stale.

    InputError where the record file is missing, a line of it is no record, or an id is repeated.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such record file; `diascope prepare` writes one")
    beside = path.with_name(f"{path.name}.index")
    status = path.stat()
    stamp = _Stamp(status.st_size, status.st_mtime_ns)
    index = _load(beside, stamp)
    if index is None:
        index = _build(path, stamp.size)
        _save(beside, index, stamp)
    return index


def _load(beside: Path, stamp: _Stamp) -> Index | None:
    """The saved index, or None when there is none, or it belongs to another state of the file."""
    try:
        raw = np.memmap(beside, dtype=np.uint8, mode="r")
        magic, size, mtime_ns, count, length = _HEADER.unpack(raw[: _HEADER.size].tobytes())
        if magic != _MAGIC or (size, mtime_ns) != stamp:
            return None
        start = _HEADER.size + length
        names = Names.model_validate_json(raw[_HEADER.size : start].tobytes())
        offset = np.frombuffer(raw, "<u8", count + 1, start)
        codes = np.frombuffer(raw, "<u4", 3 * count, start + offset.nbytes).reshape(3, count)
    except (OSError, ValueError, OverflowError, struct.error):
        return None
    index = Index(names, offset, *codes)
    return index if _is_consistent(index, size) else None


def _is_consistent(index: Index, size: int) -> bool:
    """Whether every code has a name and the lines fill the file in order: a guard against rot."""
    codes = (index.split, index.dataset, index.turns)
    tables = (index.names.splits, index.names.datasets, index.names.turns)
    known = all(
        int(column.max(initial=0)) <= len(table) - 1 or not len(column)
        for column, table in zip(codes, tables, strict=True)
    )
    ordered = bool(np.all(index.offset[:-1] <= index.offset[1:]))
    return known and ordered and int(index.offset[-1]) == size


def _save(beside: Path, index: Index, stamp: _Stamp) -> None:
    """Publish the index in one step; a folder that cannot be written simply keeps none."""
    names = index.names.model_dump_json().encode()
    names += b" " * (-len(names) % 8)
    header = _HEADER.pack(_MAGIC, *stamp, len(index.split), len(names))
    partial = beside.with_name(f".{beside.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(header + names)
            for column in (index.offset, index.split, index.dataset, index.turns):
                file.write(column.tobytes())
        partial.replace(beside)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


class _Codes(Generic[N]):
    """Numbers for names, in order of first appearance, and the number of every row."""

    def __init__(self) -> None:
        self.table: dict[N, int] = {}
        self.rows = array("I")

    def add(self, name: N) -> None:
        self.rows.append(self.table.setdefault(name, len(self.table)))

    def column(self) -> NDArray[np.uint32]:
        return np.frombuffer(self.rows, np.uint32) if self.rows else np.empty(0, np.uint32)


def _build(path: Path, size: int) -> Index:
    """One pass over the file; holds 28 bytes a record."""
    offset, ids = array("Q"), array("Q")
    split, dataset = _Codes[str](), _Codes[str]()
    turns = _Codes[tuple[str, ...]]()
    for start, head in _heads(path):
        offset.append(start)
        ids.append(fingerprint(head.id))
        split.add(head.split)
        dataset.add(head.dataset)
        turns.add(tuple(turn.task for turn in head.turns))
    refuse_repeated(ids, path, path)
    offset.append(size)
    names = Names(
        splits=tuple(split.table), datasets=tuple(dataset.table), turns=tuple(turns.table)
    )
    columns = (split.column(), dataset.column(), turns.column())
    return Index(names, np.frombuffer(offset, np.uint64), *columns)


def fingerprint(identifier: str) -> int:
    """Sixty-four bits that differ for different ids, but for a rare coincidence."""
    return int.from_bytes(hashlib.blake2b(identifier.encode(), digest_size=8).digest(), "little")


def refuse_repeated(fingerprints: "array[int]", written: Path, path: Path) -> None:
    """InputError where two lines of `written` have one id; the message names the file `path`."""
    ordered = np.sort(np.array(fingerprints, dtype=np.uint64))
    suspects = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    if not suspects:
        return
    seen: set[str] = set()
    for _, head in _heads(written):
        if head.id in seen:
            raise InputError(
                f"{path}: the id {head.id!r} is given twice; each record needs its own"
            )
        if fingerprint(head.id) in suspects:
            seen.add(head.id)


def _heads(path: Path) -> Iterator[tuple[int, _Head]]:
    """Start and indexed part of every line that is not blank."""
    with path.open("rb") as file:
        start, number = 0, 1
        while line := file.readline(_LONGEST_LINE + 1):
            if line.strip():
                yield start, _head(line, path, number)
            start, number = start + len(line), number + 1


def _head(line: bytes, path: Path, number: int) -> _Head:
    if len(line) > _LONGEST_LINE:
        raise InputError(f"{path}, line {number}: longer than {_LONGEST_LINE} bytes")
    try:
        return _Head.model_validate_json(line)
    except ValidationError as error:
        raise InputError(f"{path}, line {number}: {reason(error)}") from None


def reason(error: ValidationError) -> str:
    """The first thing that is wrong, on one line, without the input itself."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
