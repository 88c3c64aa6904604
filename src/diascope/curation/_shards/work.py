"""A work folder: what is prepared, what was read of it, and the shards that were examined.

WORK/order.json   what is prepared; written first, so that no other preparation goes on here
WORK/read         the records as read, in their splits
WORK/unread.jsonl what the source could not read
WORK/boxes.json   what its boxes look like by every convention (see `conventions`)
WORK/plan.json    where every shard starts in `read`; written last: with it, all was read
WORK/shards/      a folder for each shard that is finished (see `shards`)
WORK/out/         what will be OUT; images are put here as shards are examined
WORK/log/         what workers say on standard error
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diascope.curation._deidentify.options import Options
from diascope.curation.audit import Exclusion
from diascope.curation.outfolder import write_settled
from diascope.errors import InputError
from diascope.predictionfile import read_value
from diascope.recordfile import read_lines
from diascope.records import Record
from diascope.values import Value

ORDER, PLAN, READ, UNREAD = "order.json", "plan.json", "read", "unread.jsonl"
BOXES = "boxes.json"
SHARDS, OUT, LOG, LOCK = "shards", "out", "log", "lock"
RECORDS, EXCLUSIONS = "records.jsonl", "exclusions.jsonl"
TRIES = 3
"""How often a shard is begun before the run is given up."""


class Order(Value):
    """Everything that decides what a shard's records are, and what is found of them."""

    source: str
    root: str
    split: dict[str, float]
    seed: int
    like: str | None
    """Digest of the records of the earlier preparation."""
    keeps_images: bool
    deidentify: str | None = None
    """File of the key, where records and images are de-identified."""
    profile: Options = Options()
    """How they are."""
    diascope: str
    """Version that read the layout."""
    render_profile: str

    def refuse_other(self, other: "Order", folder: Path) -> None:
        """InputError that says what differs in `other`, which wants to go on in `folder`."""
        pairs = zip(self, other, strict=True)
        told = [
            f"{name.replace('_', ' ')} {old!r}, not {new!r}"
            for (name, old), (_, new) in pairs
            if old != new
        ]
        if told:
            raise InputError(
                f"{folder}: was begun with {'; '.join(told)}; name another work folder, "
                "or remove this one"
            )


class Plan(Value):
    """How the records are cut; places count from 0 over the whole set."""

    records: int
    shard_records: int
    """Records of every shard but the last."""
    starts: tuple[int, ...]
    """Byte at which each shard starts in `read`."""
    repeated: tuple[int, ...]
    """Places of records whose id a record before them has."""


@dataclass(frozen=True)
class Work:
    """A work folder whose layout was read whole."""

    folder: Path
    order: Order
    plan: Plan

    @classmethod
    def open(cls, folder: Path) -> "Work":
        """The folder; InputError where it is none, or was not read whole."""
        return cls(folder, read_value(Order, folder / ORDER), read_value(Plan, folder / PLAN))

    @property
    def out(self) -> Path:
        """What will be OUT."""
        return self.folder / OUT

    @property
    def num_shards(self) -> int:
        """How many shards there are."""
        return len(self.plan.starts)

    def places(self, number: int) -> range:
        """Of the records of a shard, in the whole set."""
        first = number * self.plan.shard_records
        return range(first, min(first + self.plan.shard_records, self.plan.records))

    def shard(self, number: int) -> Path:
        """Where the finished shard is; it is there whole or not at all."""
        return self.folder / SHARDS / f"{number:06d}"

    def unfinished(self) -> list[int]:
        """The shards that are still to be examined."""
        done = {path.name for path in (self.folder / SHARDS).iterdir()}
        return [each for each in range(self.num_shards) if self.shard(each).name not in done]

    def read(self, number: int) -> Iterator[Record]:
        """The records of a shard as they were read."""
        with (self.folder / READ).open("rb") as file:
            file.seek(self.plan.starts[number])
            for _ in self.places(number):
                yield Record.model_validate_json(file.readline())

    def kept(self, number: int) -> Iterator[Record]:
        """The records of a finished shard that nothing is wrong with."""
        return survived(self.shard(number) / RECORDS)

    def exclusions(self, number: int) -> Iterator[Exclusion]:
        """What was left out of a finished shard."""
        return _exclusions(self.shard(number) / EXCLUSIONS)

    def unread(self) -> Iterator[Exclusion]:
        """What the source could not read."""
        return _exclusions(self.folder / UNREAD)


def survived(path: Path) -> Iterator[Record]:
    """Records that were written here before."""
    for line in read_lines(path):
        if line.record is None:
            raise ValueError(f"a record did not survive being written: {line.reason}")
        yield line.record


def begun(folder: Path, order: Order) -> Work | None:
    """The work that goes on in a folder; None where its layout must be read first.

    InputError where something else is in the folder, or it was begun with another order. A folder
    whose OUT was published is read anew.
    """
    if (folder / ORDER).is_file():
        read_value(Order, folder / ORDER).refuse_other(order, folder)
        whole = (folder / PLAN).is_file() and (folder / OUT).is_dir()
        return Work.open(folder) if whole else None
    if any(path.name != LOCK for path in folder.iterdir()):
        raise InputError(f"{folder}: is not empty, and no work was begun in it; name another")
    write_settled(folder / ORDER, order.model_dump_json(indent=1).encode())
    return None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While no other process prepares in the folder; InputError where one does."""
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{folder}: another preparation is using it; wait for it") from None
        yield


def _exclusions(path: Path) -> Iterator[Exclusion]:
    with path.open("rb") as file:
        yield from (Exclusion.model_validate_json(line) for line in file)
