"""Reads a layout into a work folder: its records in their splits, and where every shard starts.

This is the one pass that a layout lets nobody share. What was read is gone through once more only
where a split has to be dealt, or where an id may be given twice.
"""

import shutil
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from diascope.curation._shards.work import (
    BOXES,
    LOG,
    OUT,
    PLAN,
    READ,
    SHARDS,
    UNREAD,
    Order,
    Plan,
    Work,
    survived,
)
from diascope.curation.audit import Exclusion, unread
from diascope.curation.conventions import Conventions
from diascope.curation.outfolder import settle, sync, write_settled
from diascope.curation.split import Splitter
from diascope.recordindex import fingerprint
from diascope.records import Record
from diascope.sources import Problem, Source

Refuse = Callable[[Exclusion], None]
"""Raises where nothing may be left out."""
_AS_READ = "as_read"
_SINGLE = 8192
"""Records that are not worth starting processes for."""
_STEP, _LARGEST, _MANY = 1024, 4096, 64


@dataclass(frozen=True)
class Reading:
    """How a layout is read."""

    layout: Source
    known: Mapping[str, str]
    """Splits of patients that keep theirs."""
    refuse: Refuse
    shard_records: int | None = None
    """Records a shard, where that is not left to the size of the set."""

    def into(self, folder: Path, order: Order) -> Work:
        """Read everything, and write the plan last; what is there of an earlier reading goes."""
        (folder / PLAN).unlink(missing_ok=True)
        for name in (SHARDS, OUT, LOG):
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir()
        splitter = Splitter(self.known)
        spool = self._read(folder, Path(order.root), splitter)
        if spool.num_unplaced or spool.suspects():
            spool = _settled(folder, spool, splitter.deal(order.split, order.seed))
        else:
            (folder / _AS_READ).rename(folder / READ)
        size = self.shard_records or shard_size(len(spool))
        starts = spool.starts[:: size // self._step]
        plan = Plan(
            records=len(spool),
            shard_records=size,
            starts=tuple(starts),
            repeated=tuple(spool.repeated),
        )
        settle(folder)
        write_settled(folder / PLAN, plan.model_dump_json().encode())
        sync(folder)
        return Work(folder, order, plan)

    @property
    def _step(self) -> int:
        return self.shard_records or _STEP

    def _read(self, folder: Path, root: Path, splitter: Splitter) -> "_Spool":
        spool = _Spool(self._step)
        boxes = Conventions()
        with (folder / _AS_READ).open("wb") as file, (folder / UNREAD).open("wb") as problems:
            for item in self.layout.read(root):
                boxes.add(item)
                if isinstance(item, Problem):
                    exclusion = unread(item)
                    self.refuse(exclusion)
                    problems.write(exclusion.model_dump_json().encode() + b"\n")
                else:
                    splitter.add(item)
                    file.write(spool.line(item))
        write_settled(folder / BOXES, boxes.survey().model_dump_json().encode())
        return spool


def shard_size(records: int) -> int:
    """Records a shard: more in a larger set, and the same whoever examines them.

    Within a shard each picture is decoded once, so a set that is not large is a single one.
    """
    if records <= _SINGLE:
        return _SINGLE
    return _STEP * min(_LARGEST // _STEP, -(-records // (_STEP * _MANY)))


@dataclass
class _Spool:
    """What is known of the lines written so far; 8 bytes a record."""

    step: int
    starts: list[int] = field(default_factory=list)
    """Byte at which every step of records starts."""
    ids: "array[int]" = field(default_factory=lambda: array("Q"))
    repeated: list[int] = field(default_factory=list)
    num_unplaced: int = 0
    """Records whose source gave no split."""
    _size: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def line(self, record: Record) -> bytes:
        """The record as the next line."""
        line = record.model_dump_json(exclude_none=True).encode() + b"\n"
        if len(self) % self.step == 0:
            self.starts.append(self._size)
        self.ids.append(fingerprint(record.id))
        self.num_unplaced += not record.split
        self._size += len(line)
        return line

    def suspects(self) -> set[int]:
        """Fingerprints of ids that occur more than once."""
        ordered = np.sort(np.array(self.ids, np.uint64))
        return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())


def _settled(folder: Path, read: _Spool, split_of: Callable[[Record], str]) -> _Spool:
    """The lines written again, each record in its split; ids that come again are told."""
    spool = _Spool(read.step)
    records = survived(folder / _AS_READ)
    with (folder / READ).open("wb") as file:
        for record in _watched(records, spool, read.suspects()):
            file.write(spool.line(record.model_copy(update={"split": split_of(record)})))
    (folder / _AS_READ).unlink()
    return spool


def _watched(records: Iterable[Record], spool: _Spool, suspects: set[int]) -> Iterable[Record]:
    seen: set[str] = set()
    for place, record in enumerate(records):
        if fingerprint(record.id) in suspects:
            if record.id in seen:
                spool.repeated.append(place)
            seen.add(record.id)
        yield record
