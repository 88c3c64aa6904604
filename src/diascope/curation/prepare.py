"""prepare: a raw layout to a folder of audited records whose patients are in one split each.

    OUT/records.jsonl (and its index)   OUT/images/   OUT/fingerprints.bin
    OUT/audit.json   OUT/contents.json   OUT/leaks.json   OUT/card.json

Images are named by their content, so that a copy under another name is the same image, and no name
tells of a patient. A patient, or a picture (its copies cropped, resized, mirrored or encoded anew
included), that is found in two splits stays in the one that must not leak: out of train where val
or a test has it, out of val where a test has it. OUT appears whole at the end or not at all.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from diascope import __version__
from diascope.curation import split as splits
from diascope.curation.audit import Audit, Auditor, Exclusion, Tally, excluded, unread
from diascope.curation.contents import Contents, Reader
from diascope.curation.inspection import Inspector, inspect
from diascope.curation.leaks import LeakReport
from diascope.curation.looks import Looks
from diascope.curation.outfolder import partial_name, publish, refuse_used
from diascope.curation.prints import FILE, PrintWriter, read_prints
from diascope.errors import InputError
from diascope.imaging.profile import render_profile
from diascope.imaging.sandbox import DecodePool
from diascope.recordfile import RecordFile, read_lines, write_records
from diascope.records import Image, Record
from diascope.sources import Problem, Source
from diascope.sources import source as source_named
from diascope.values import Value

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
    leaks: LeakReport
    """Pictures and texts found in more places than one, those left out for it included."""
    card: Card


class PrepareOptions(Value):
    """How to prepare."""

    on_error: Literal["skip", "stop"] = "skip"
    """`skip` lists in the audit what cannot be used; `stop` refuses the first such thing."""
    split: Mapping[str, float] = Field(default_factory=lambda: dict(splits.FRACTIONS))
    """Shares of the patients that each split gets, for records that come without one."""
    seed: int = 0
    """Of the order in which patients are dealt."""
    workers: Annotated[int, Field(ge=1)] = 2
    """Processes that decode images."""
    like: Path | None = None
    """An earlier preparation of some of this data: its patients keep their splits."""


_DEFAULTS = PrepareOptions()


def prepare(
    source: str,
    root: Path,
    out: Path,
    options: PrepareOptions = _DEFAULTS,
    progress: Progress | None = None,
) -> Preparation:
    """Read the layout `source` under `root`, check every record, and write `out`.

    `progress` is told records examined and records in all. InputError where `out` exists and is not
    empty, nothing under `root` is in the layout, or nothing of it can be used.
    """
    layout = source_named(source)
    splits.checked(options.split)
    refuse_used(out, root)
    partial = partial_name(out)
    partial.mkdir(parents=True)
    try:
        audit, contents, report = _Job(layout, root, partial, options).run(progress)
        card = _card(layout, partial / "records.jsonl", audit, options)
        values = {"audit": audit, "contents": contents, "leaks": report, "card": card}
        for name, value in values.items():
            (partial / f"{name}.json").write_text(value.model_dump_json(indent=1))
        publish(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Preparation(out, audit, report, card)


def survey(
    source: str,
    root: Path,
    options: PrepareOptions = _DEFAULTS,
    progress: Progress | None = None,
) -> Audit:
    """What `prepare` would keep and what it would leave out, and why; nothing is kept of it."""
    splits.checked(options.split)
    kept = options.model_copy(update={"on_error": "skip"})
    with tempfile.TemporaryDirectory() as folder:
        job = _Job(source_named(source), root, Path(folder), kept, keeps_images=False)
        return job.run(progress)[0]


class _Job:
    """Passes with what was read kept on disk: read, examine, inspect, write."""

    def __init__(
        self,
        layout: Source,
        root: Path,
        folder: Path,
        options: PrepareOptions,
        keeps_images: bool = True,
    ) -> None:
        self._layout = layout
        self._root = root
        self._folder = folder
        self._options = options
        self._keeps_images = keeps_images
        self._exclusions: list[Exclusion] = []
        self._num_read = 0

    def run(self, progress: Progress | None) -> tuple[Audit, Contents, LeakReport]:
        """All of them."""
        split_of = self.read().deal(self._options.split, self._options.seed)
        leaks = self.examine(split_of, progress)
        report = self.inspect(leaks)
        return (*self.write(leaks), report)

    def read(self) -> splits.Splitter:
        """Keep every record that the source can read, and learn what splits them."""
        splitter = splits.Splitter(_splits_before(self._options.like))
        with (self._folder / "read").open("wb") as file:
            for item in self._layout.read(self._root):
                if isinstance(item, Problem):
                    self._exclude(unread(item))
                else:
                    splitter.add(item)
                    self._num_read += 1
                    file.write(item.model_dump_json(exclude_none=True).encode() + b"\n")
        return splitter

    def examine(self, split_of: Callable[[Record], str], progress: Progress | None) -> splits.Leaks:
        """Keep every record that nothing is wrong with, in its split, and learn what leaks."""
        leaks = splits.Leaks()
        placed = (
            record.model_copy(update={"split": split_of(record)}) for record in self._kept("read")
        )
        spool, prints = (self._folder / "examined").open("wb"), PrintWriter(self._folder / FILE)
        with DecodePool(self._options.workers) as pool, spool, closing(prints):
            auditor = Auditor(Looks(self._bytes, pool, prints))
            for done, (record, reasons) in enumerate(auditor.examine(placed), start=1):
                if reasons:
                    self._exclude(excluded(record, "; ".join(reasons)))
                else:
                    leaks.add(record)
                    spool.write(record.model_dump_json(exclude_none=True).encode() + b"\n")
                if progress:
                    progress(done, self._num_read)
        return leaks

    def inspect(self, leaks: splits.Leaks) -> LeakReport:
        """Find the pictures that are one; those of the lesser split will be left out."""
        inspector = Inspector()
        for record in self._kept("examined"):
            inspector.add(record)
        prints = read_prints(self._folder / FILE)
        found = inspect(prints, inspector.origins(prints.names), inspector.texts)
        leaks.join(found.pairs)
        return found.report

    def write(self, leaks: splits.Leaks) -> tuple[Audit, Contents]:
        """Write the records that leak nothing, and the images that they name."""
        tally, reader = Tally(), Reader()
        write_records(self._folder / "records.jsonl", self._safe(leaks, tally, reader))
        for spool in ("read", "examined"):
            (self._folder / spool).unlink()
        audit = tally.audit(self._exclusions)
        if not audit.records:
            why = f"; the first reason: {audit.exclusions[0]}" if audit.exclusions else ""
            raise InputError(f"{self._root}: not one record can be used{why}")
        return audit, reader.contents()

    def _safe(self, leaks: splits.Leaks, tally: Tally, reader: Reader) -> Iterator[Record]:
        for record in self._kept("examined"):
            if reason := leaks.reason(record):
                self._exclude(excluded(record, reason))
                continue
            images = tuple(self._placed(image) for image in record.images)
            placed = record.model_copy(update={"images": images})
            tally.add(placed)
            reader.add(placed)
            yield placed

    def _placed(self, image: Image) -> Image:
        """The image under its name by content, linked or copied there."""
        name = f"{image.sha256}"[:32] + PurePosixPath(image.path).suffix.lower()
        path = self._folder / "images" / name[:2] / name
        if self._keeps_images and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._copy(image, path)
        return image.model_copy(update={"path": path.relative_to(self._folder).as_posix()})

    def _copy(self, image: Image, place: Path) -> None:
        """A hard link costs no space; across file systems, or where it is refused, a copy."""
        file = self._root / image.path
        try:
            place.hardlink_to(file.resolve(strict=True))
        except OSError:
            place.write_bytes(self._bytes(image.path))

    def _bytes(self, path: str) -> bytes:
        return self._layout.image_bytes(self._root, path)

    def _kept(self, spool: str) -> Iterator[Record]:
        for line in read_lines(self._folder / spool):
            if line.record is None:
                raise ValueError(f"a record did not survive being written: {line.reason}")
            yield line.record

    def _exclude(self, exclusion: Exclusion) -> None:
        if self._options.on_error == "stop":
            raise InputError(f"{exclusion}; mend it, or leave such things out with on_error=skip")
        self._exclusions.append(exclusion)


def _splits_before(folder: Path | None) -> dict[str, str]:
    """The split of every patient of an earlier preparation."""
    if folder is None:
        return {}
    return {record.patient: record.split for record in RecordFile(folder / "records.jsonl")}


def _card(layout: Source, path: Path, audit: Audit, options: PrepareOptions) -> Card:
    records = RecordFile(path)
    return Card(
        source=layout.name,
        about=layout.about,
        diascope=__version__,
        seed=options.seed,
        fractions=dict(options.split),
        render_profile=render_profile(),
        records=len(records),
        records_sha256=records.digest(),
        datasets=records.datasets,
        licences=audit.licences,
        restricted=audit.restricted > 0,
    )
