"""What leaks inside a set of records, or between prepared folders: pictures, patients and texts.

A picture is used by several records where several questions are asked about it; for the report it
goes by the record that must be protected most.
"""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from diascope.answers import Text
from diascope.curation.duplicates import Pair, find_duplicates
from diascope.curation.leaks import LeakReport, Origin, leaks
from diascope.curation.patients import PatientLeak, Patients
from diascope.curation.prints import FILE, Named, Prints, named, read_prints
from diascope.curation.split import most_protected
from diascope.curation.texts import ReportText, text_leaks
from diascope.recordfile import RecordFile
from diascope.records import Image, Record

_UNUSED = Origin(record="", patient="", dataset="", split="")


class Inspector:
    """Is shown every record, and then knows where each picture is used."""

    def __init__(self) -> None:
        self._origins: dict[Named, Origin] = {}
        self.texts: list[ReportText] = []
        """The true reports."""

    def add(self, record: Record) -> None:
        """A record whose images have their sha256."""
        for image in record.images:
            name = named(image.sha256 or "", image.frame_index)
            known = self._origins.get(name)
            if known is None or most_protected(known.split, record.split) != known.split:
                self._origins[name] = _origin(record, image)
        for turn in record.turns:
            if turn.task == "report" and isinstance(turn.answer, Text):
                text = turn.answer.text
                self.texts.append(ReportText(record.id, record.split, text, record.patient))

    def patients_of(self, records: Iterable[str]) -> frozenset[str]:
        """The patients of records with a report, by the ids of the records."""
        wanted = set(records)
        return frozenset(text.patient for text in self.texts if text.record in wanted)

    def origins(self, names: Sequence[Named]) -> list[Origin]:
        """Where the pictures of these names are used; one that no record uses has no record."""
        return [self._origins.get(name, _UNUSED) for name in names]


class Inspection(NamedTuple):
    """What was found, and the names of every two pictures that are one."""

    report: LeakReport
    pairs: list[tuple[Named, Named]]


def inspect(
    prints: Prints,
    origins: Sequence[Origin],
    texts: Sequence[ReportText],
    patients: Iterable[PatientLeak] = (),
) -> Inspection:
    """Compare all pictures with each other, and all texts; `origins` are in order of the prints.

    `patients` are the leaks of people, who are no matter of pictures or texts.

    Pictures that no record uses are left out first: of identical pictures the first one alone is
    compared, and it must be one that counts.
    """
    used = [place for place, origin in enumerate(origins) if origin.record]
    kept = prints if len(used) == len(origins) else prints.only(used)
    pairs = find_duplicates(kept.fingerprints)
    report = leaks(pairs, [origins[place] for place in used], text_leaks(texts), patients)
    return Inspection(report, [_names(pair, kept) for pair in pairs])


def inspect_folders(folders: Sequence[Path]) -> LeakReport:
    """What leaks inside of prepared folders and between them; InputError where one is not whole."""
    origins: list[Origin] = []
    texts: list[ReportText] = []
    patients = Patients()
    with tempfile.TemporaryDirectory() as space:
        joined = Path(space) / FILE
        with joined.open("wb") as file:
            for folder in folders:
                inspector = Inspector()
                for record in RecordFile(folder / "records.jsonl"):
                    inspector.add(record)
                    patients.add(record)
                origins += inspector.origins(read_prints(folder / FILE).names)
                texts += inspector.texts
                with (folder / FILE).open("rb") as rows:
                    shutil.copyfileobj(rows, file)
        return inspect(read_prints(joined), origins, texts, patients.leaks()).report


def _names(pair: Pair, prints: Prints) -> tuple[Named, Named]:
    return prints.names[pair.first], prints.names[pair.second]


def _origin(record: Record, image: Image) -> Origin:
    return Origin(
        record=record.id,
        patient=record.patient,
        dataset=record.dataset,
        split=record.split,
        sha256=image.sha256,
    )
