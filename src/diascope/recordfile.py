"""Records on disk: one JSON object a line, opened lazily through an index that lies beside them.

The index (`records.jsonl.index`) holds the offset of every line and codes for its split, its
dataset and the tasks of its turns, so that a selection parses no JSON. It is rebuilt whenever the
size or the modification time of the record file differs from what it was built for, and is kept in
memory where the folder cannot be written.

    records = RecordFile(Path("OUT/records.jsonl"))
    for case in records.cases(split="val", task="detection"): ...
"""

import hashlib
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from diascope.errors import InputError
from diascope.recordindex import Index, fingerprint, open_index, reason, refuse_repeated
from diascope.records import Case, Image, Record

_KEPT_RECORDS = 256


class RecordFile(Sequence[Record]):
    """The records of one file, read by position; a record is parsed when it is touched.

    InputError where the file is missing or, as soon as it is read, for a line that is no record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = open_index(path)
        self._descriptor = os.open(path, os.O_RDONLY)
        self._read = lru_cache(_KEPT_RECORDS)(self._parse)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    @property
    def root(self) -> Path:
        """The folder that image paths are relative to."""
        return self.path.parent

    @property
    def splits(self) -> tuple[str, ...]:
        """Every split named in the file, in order of appearance."""
        return self._index.names.splits

    @property
    def datasets(self) -> tuple[str, ...]:
        """Every dataset named in the file, in order of appearance."""
        return self._index.names.datasets

    @property
    def tasks(self) -> tuple[str, ...]:
        """Every task asked in the file, in order of appearance."""
        return tuple(dict.fromkeys(task for turns in self._index.names.turns for task in turns))

    @property
    def line_lengths(self) -> NDArray[np.int64]:
        """Bytes of every record in the file."""
        offset = self._index.offset.astype(np.int64)
        lengths: NDArray[np.int64] = offset[1:] - offset[:-1]
        return lengths

    def __len__(self) -> int:
        return len(self._index.split)

    @overload
    def __getitem__(self, position: int) -> Record: ...
    @overload
    def __getitem__(self, position: slice) -> list[Record]: ...
    def __getitem__(self, position: int | slice) -> Record | list[Record]:
        if isinstance(position, slice):
            return [self._read(each) for each in range(*position.indices(len(self)))]
        return self._read(range(len(self))[position])

    def cases(
        self, split: str | None = None, task: str | None = None, dataset: str | None = None
    ) -> "Cases":
        """The turns of one split, task and dataset (None: of any), in file order.

        A name that does not occur in the file selects nothing.
        """
        index = self._index
        wanted = _coded(index.split, index.names.splits, split)
        wanted &= _coded(index.dataset, index.names.datasets, dataset)
        return Cases(self, *_turns_of(index, np.flatnonzero(wanted), task))

    def groups(self, by: Literal["dataset", "task"], split: str) -> "dict[str, Cases]":
        """The turns of a split by the name of their dataset or task; empty ones left out."""
        names = self.tasks if by == "task" else self.datasets
        every = {name: self.cases(split=split, **{by: name}) for name in names}
        return {name: cases for name, cases in every.items() if len(cases)}

    def image_path(self, image: Image) -> Path:
        """Where the picture lies."""
        return self.root / image.path

    def digest(self) -> str:
        """The sha256 of the whole file, in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _parse(self, position: int) -> Record:
        start, end = (int(offset) for offset in self._index.offset[position : position + 2])
        line = os.pread(self._descriptor, end - start, start)
        try:
            return Record.model_validate_json(line)
        except ValidationError as error:
            where = f"{self.path}, line {self._line_number(start)}"
            raise InputError(f"{where}: {reason(error)}") from None

    def _line_number(self, offset: int) -> int:
        with self.path.open("rb") as file:
            return 1 + sum(1 for line in iter(file.readline, b"") if file.tell() <= offset)


class Cases(Sequence[Case]):
    """A selection of turns that holds positions only; a Case is made when it is touched."""

    def __init__(
        self, records: RecordFile, position: NDArray[np.int64], turn: NDArray[np.int64]
    ) -> None:
        self.records = records
        self._position = position
        self._turn = turn

    def __len__(self) -> int:
        return len(self._position)

    @property
    def num_bytes(self) -> NDArray[np.int64]:
        """How long the line is that each case's record takes in the file."""
        return self.records.line_lengths[self._position]

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> "Cases": ...
    def __getitem__(self, index: int | slice) -> "Case | Cases":
        if isinstance(index, slice):
            return Cases(self.records, self._position[index], self._turn[index])
        return Case(self.records[int(self._position[index])], int(self._turn[index]))


def spread(cases: Sequence[Case], limit: int | None) -> Sequence[Case]:
    """At most `limit` of the cases, at even distances, and so over patients."""
    if limit is None or len(cases) <= limit:
        return cases
    return [cases[number * len(cases) // limit] for number in range(limit)]


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Write every record, all or nothing, and return how many; InputError for a repeated id."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            ids = array("Q")
            for record in records:
                file.write(record.model_dump_json(exclude_none=True).encode() + b"\n")
                ids.append(fingerprint(record.id))
        refuse_repeated(ids, partial, path)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return len(ids)


def read_lines(path: Path) -> Iterator["Line"]:
    """Every line that is not blank: its number and the record, or why it is none."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield Line(number, *_record_or_reason(line))


class Line(NamedTuple):
    """One line of a record file; exactly one of record and reason is given."""

    number: int
    record: Record | None
    reason: str


def _record_or_reason(line: bytes) -> tuple[Record | None, str]:
    try:
        return Record.model_validate_json(line), ""
    except ValidationError as error:
        return None, reason(error)


def _coded(
    codes: NDArray[np.uint32], names: tuple[str, ...], name: str | None
) -> NDArray[np.bool_]:
    if name is None:
        return np.ones(len(codes), dtype=bool)
    return codes == names.index(name) if name in names else np.zeros(len(codes), dtype=bool)


def _turns_of(
    index: Index, position: NDArray[np.int64], task: str | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position and turn of every matching turn of the records at `position`, in order."""
    matching = [
        [turn for turn, name in enumerate(turns) if task is None or name == task]
        for turns in index.names.turns
    ]
    counts = np.array([len(turns) for turns in matching], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    flat = np.array([turn for turns in matching for turn in turns], dtype=np.int64)
    shape = index.turns[position].astype(np.int64)
    repeats = counts[shape]
    ends = np.cumsum(repeats)
    within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - repeats, repeats)
    return np.repeat(position, repeats), flat[np.repeat(first[shape], repeats) + within]
