"""prepare: a raw layout to a folder of audited records whose patients are in one split each.

    OUT/records.jsonl (and its index)   OUT/images/   OUT/audit.json   OUT/card.json

Images are named by their content, so that a copy under another name is the same image, and no name
tells of a patient. A patient (or an image) found in two splits stays in the one that must not
leak: out of train where val or a test has it, out of val where a test has it. OUT appears whole at
the end or not at all.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from diascope import __version__
from diascope.curation import split as splits
from diascope.curation.audit import Audit, Auditor, Exclusion, Tally, excluded, unread
from diascope.errors import InputError
from diascope.imaging.canvas import render_profile
from diascope.recordfile import RecordFile, read_lines, write_records
from diascope.records import Image, Record
from diascope.sources import Problem, Source
from diascope.sources import source as source_named
from diascope.values import Value

OnError = Literal["skip", "stop"]
Progress = Callable[[int, int], None]


class Card(Value):
    """Where a prepared folder came from; it says nothing of a single patient."""

    source: str
    about: str
    diascope: str
    """Version that prepared it."""
    seed: int
    fractions: dict[str, float]
    """Shares of patients, used only for records whose source gave no split."""
    render_profile: str
    """Digest of the steps that shape pixels."""
    records: int
    records_sha256: str
    datasets: tuple[str, ...]
    licences: tuple[str, ...]
    restricted: bool
    """Whether any record must not leave the machine."""


class Preparation(NamedTuple):
    """What was made."""

    out: Path
    audit: Audit
    card: Card


def prepare(
    source: str,
    root: Path,
    out: Path,
    on_error: OnError = "skip",
    split: Mapping[str, float] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Preparation:
    """Read the layout `source` under `root`, check every record, and write `out`.

    `skip` lists in the audit what cannot be used; `stop` raises InputError at the first such thing.
    `split` gives the shares of patients per split for records that come without one. `progress` is
    told records examined and records in all. InputError too where `out` exists and is not
    empty, nothing under `root` is in the layout, or nothing of it can be used.
    """
    layout = source_named(source)
    fractions = splits.checked(split or splits.FRACTIONS)
    _refuse_used(out, root)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        audit = _Job(root, partial, on_error).run(layout, fractions, seed, progress)
        card = _card(layout, partial / "records.jsonl", audit, fractions, seed)
        (partial / "audit.json").write_text(audit.model_dump_json(indent=1))
        (partial / "card.json").write_text(card.model_dump_json(indent=1))
        _publish(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Preparation(out, audit, card)


def survey(
    source: str,
    root: Path,
    split: Mapping[str, float] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Audit:
    """What `prepare` would keep and what it would leave out, and why; nothing is kept of it."""
    fractions = splits.checked(split or splits.FRACTIONS)
    with tempfile.TemporaryDirectory() as folder:
        job = _Job(root, Path(folder), "skip", keeps_images=False)
        return job.run(source_named(source), fractions, seed, progress)


class _Splitter:
    """The split of every record: its own, else that of its patient's others, else by chance."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def add(self, record: Record) -> None:
        if record.split:
            kept = self._given.get(record.patient, record.split)
            self._given[record.patient] = splits.most_protected(kept, record.split)

    def of(self, record: Record, fractions: Mapping[str, float], seed: int) -> str:
        given = record.split or self._given.get(record.patient)
        return given or splits.split_of(record.patient, fractions, seed)


class _Job:
    """Three passes with what was read kept on disk: read, examine, write."""

    def __init__(
        self, root: Path, folder: Path, on_error: OnError, keeps_images: bool = True
    ) -> None:
        self._root = root
        self._folder = folder
        self._on_error = on_error
        self._keeps_images = keeps_images
        self._exclusions: list[Exclusion] = []
        self._num_read = 0

    def run(
        self,
        layout: Source,
        fractions: Mapping[str, float],
        seed: int,
        progress: Progress | None,
    ) -> Audit:
        """All three."""
        splitter = self.read(layout)
        leaks = self.examine(lambda record: splitter.of(record, fractions, seed), progress)
        return self.write(leaks)

    def read(self, layout: Source) -> _Splitter:
        """Keep every record that the source can read, and learn the splits that it gives."""
        splitter = _Splitter()
        with (self._folder / "read").open("wb") as file:
            for item in layout.read(self._root):
                if isinstance(item, Problem):
                    self._exclude(unread(item))
                else:
                    splitter.add(item)
                    self._num_read += 1
                    file.write(item.model_dump_json(exclude_none=True).encode() + b"\n")
        return splitter

    def examine(self, split_of: Callable[[Record], str], progress: Progress | None) -> splits.Leaks:
        """Keep every record that nothing is wrong with, in its split, and learn what leaks."""
        auditor, leaks = Auditor(self._root), splits.Leaks()
        with (self._folder / "examined").open("wb") as file:
            for done, record in enumerate(self._kept("read"), start=1):
                placed = record.model_copy(update={"split": split_of(record)})
                examined = auditor.examine(placed)
                if examined.reasons:
                    self._exclude(excluded(record, "; ".join(examined.reasons)))
                else:
                    placed = examined.record
                    leaks.add(placed)
                    file.write(placed.model_dump_json(exclude_none=True).encode() + b"\n")
                if progress:
                    progress(done, self._num_read)
        return leaks

    def write(self, leaks: splits.Leaks) -> Audit:
        """Write the records that leak nothing, and the images that they name."""
        tally = Tally()
        write_records(self._folder / "records.jsonl", self._safe(leaks, tally))
        for spool in ("read", "examined"):
            (self._folder / spool).unlink()
        audit = tally.audit(self._exclusions)
        if not audit.records:
            why = f"; the first reason: {audit.exclusions[0]}" if audit.exclusions else ""
            raise InputError(f"{self._root}: not one record can be used{why}")
        return audit

    def _safe(self, leaks: splits.Leaks, tally: Tally) -> Iterator[Record]:
        for record in self._kept("examined"):
            if reason := leaks.reason(record):
                self._exclude(excluded(record, reason))
                continue
            images = tuple(self._placed(image) for image in record.images)
            placed = record.model_copy(update={"images": images})
            tally.add(placed)
            yield placed

    def _placed(self, image: Image) -> Image:
        """The image under its name by content, linked or copied there."""
        name = f"{image.sha256}"[:32] + PurePosixPath(image.path).suffix.lower()
        path = self._folder / "images" / name[:2] / name
        if self._keeps_images and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(self._root / image.path, path)
        return image.model_copy(update={"path": path.relative_to(self._folder).as_posix()})

    def _kept(self, spool: str) -> Iterator[Record]:
        for line in read_lines(self._folder / spool):
            if line.record is None:
                raise ValueError(f"a record did not survive being written: {line.reason}")
            yield line.record

    def _exclude(self, exclusion: Exclusion) -> None:
        if self._on_error == "stop":
            raise InputError(f"{exclusion}; mend it, or leave such things out with on_error=skip")
        self._exclusions.append(exclusion)


def _refuse_used(out: Path, root: Path) -> None:
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder to read")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists already; remove it or name another folder")


def _link_or_copy(path: Path, place: Path) -> None:
    """A hard link costs no space; across file systems, or where links are refused, a copy."""
    try:
        place.hardlink_to(path.resolve())
    except OSError:
        shutil.copyfile(path, place)


def _publish(partial: Path, out: Path) -> None:
    if out.exists():
        out.rmdir()
    partial.rename(out)


def _card(
    layout: Source, path: Path, audit: Audit, fractions: Mapping[str, float], seed: int
) -> Card:
    records = RecordFile(path)
    return Card(
        source=layout.name,
        about=layout.about,
        diascope=__version__,
        seed=seed,
        fractions=dict(fractions),
        render_profile=render_profile(),
        records=len(records),
        records_sha256=records.digest(),
        datasets=records.datasets,
        licences=audit.licences,
        restricted=audit.restricted > 0,
    )
