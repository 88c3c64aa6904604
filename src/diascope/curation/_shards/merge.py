"""Merges finished shards into what a preparation writes: the same bytes, whoever examined them.

Everything that looks across shards is here: leaks, copies, and the counts.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import NamedTuple

from diascope.curation._shards.reading import Refuse
from diascope.curation._shards.work import BOXES, RECORDS, Work, survived
from diascope.curation.audit import Audit, Exclusion, Tally, excluded
from diascope.curation.contents import Contents, Reader
from diascope.curation.conventions import BoxSurvey
from diascope.curation.fingerprint import Fingerprint
from diascope.curation.inspection import Inspector, inspect
from diascope.curation.leaks import LeakReport
from diascope.curation.prints import FILE, PrintWriter, read_prints
from diascope.curation.split import Leaks, is_training
from diascope.curation.tokens import Family
from diascope.errors import InputError
from diascope.predictionfile import read_value
from diascope.recordfile import write_records
from diascope.records import Record


class Merged(NamedTuple):
    """What was written, as values."""

    audit: Audit
    contents: Contents
    leaks: LeakReport


class Merge:
    """Two passes over the shards in their order: learn what leaks, write what does not."""

    def __init__(
        self, work: Work, refuse: Refuse, readers: Mapping[str, Family] | None = None
    ) -> None:
        """`readers` are the families whose tokens are counted; None for the one that ships."""
        self._work, self._refuse, self._readers = work, refuse, readers
        self._exclusions: list[Exclusion] = list(work.unread())
        self._leaks = Leaks()
        self._copiers: frozenset[str] = frozenset()
        self._dropped: set[str] = set()

    def run(self) -> Merged:
        """Both; InputError where no record is left."""
        report = self._inspect(self._learn())
        tally, reader = Tally(), Reader(self._readers)
        write_records(self._work.out / RECORDS, self._safe(tally, reader))
        self._drop_images()
        audit = tally.audit(self._exclusions)
        if not audit.records:
            why = f"; the first reason: {audit.exclusions[0]}" if audit.exclusions else ""
            raise InputError(f"{self._work.order.root}: not one record can be used{why}")
        return Merged(
            audit,
            reader.contents(read_value(BoxSurvey, self._work.folder / BOXES).conventions),
            report,
        )

    def _learn(self) -> Inspector:
        """What occurs where, and all fingerprints in one file, each picture's once."""
        inspector = Inspector()
        joined = self._work.out / FILE
        joined.unlink(missing_ok=True)
        with closing(PrintWriter(joined)) as prints:
            for number in range(self._work.num_shards):
                self._exclusions += self._work.exclusions(number)
                self._add_prints(number, prints)
                for record in self._work.kept(number):
                    self._leaks.add(record)
                    inspector.add(record)
        return inspector

    def _add_prints(self, number: int, prints: PrintWriter) -> None:
        names, found = read_prints(self._work.shard(number) / FILE)
        rows = zip(names, found.digests, found.thumbnails, strict=True)
        for (sha256, frame), digest, thumbnail in rows:
            prints.add(sha256, frame, Fingerprint(digest.tobytes(), thumbnail.tobytes()))

    def _inspect(self, inspector: Inspector) -> LeakReport:
        """Find the pictures that are one; those of the lesser split will be left out."""
        prints = read_prints(self._work.out / FILE)
        found = inspect(prints, inspector.origins(prints.names), inspector.texts)
        self._leaks.join(found.pairs)
        self._copiers = inspector.patients_of(leak.training for leak in found.report.reports)
        return found.report

    def _safe(self, tally: Tally, reader: Reader) -> Iterator[Record]:
        for number in range(self._work.num_shards):
            for record in self._work.kept(number):
                if reason := self._leaks.reason(record) or self._copies(record):
                    exclusion = excluded(record, reason)
                    self._refuse(exclusion)
                    self._exclusions.append(exclusion)
                    self._dropped.update(image.path for image in record.images)
                    continue
                tally.add(record)
                reader.add(record)
                yield record

    def _copies(self, record: Record) -> str | None:
        """Why a training record must go although its patient and pictures are its own."""
        if record.patient in self._copiers and is_training(record.split):
            return f"a report that is evaluated on stands in texts of its patient in {record.split}"
        return None

    def _drop_images(self) -> None:
        """Remove the images that only records which leak have."""
        if not self._dropped:
            return
        for record in survived(self._work.out / RECORDS):
            self._dropped.difference_update(image.path for image in record.images)
        for path in self._dropped:
            place = self._work.out / path
            place.unlink(missing_ok=True)
            with suppress(OSError):
                place.parent.rmdir()
