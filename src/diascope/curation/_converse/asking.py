"""Which records are asked about, and what each is asked."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from diascope.curation._converse.known import labels_of, report_of
from diascope.curation._converse.prompts import KINDS, Kind, prompt
from diascope.curation._converse.writing import Prompt, reply_key
from diascope.errors import InputError, nearest
from diascope.predictionfile import Sampling
from diascope.recordfile import RecordFile
from diascope.records import Record
from diascope.sources import all_sources
from diascope.values import Value

LONGEST_REPORT = 20_000
NO_REPORT = "has no report"
NO_LABELS = "has no label of a finding, so nothing to check by"
TOO_LONG = f"has a report of more than {LONGEST_REPORT} characters"


class ConverseOptions(Value):
    """What to write, about which records, and how."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = KINDS
    split: str | None = None
    """Only records of this split; None takes all."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """At most so many of the records that can be asked about, in file order."""
    sampling: Sampling = Sampling()
    seed: Annotated[int, Field(ge=0)] = 0
    together: Annotated[int, Field(ge=1)] = 8
    """Prompts put to the engine at once."""


class Survey(NamedTuple):
    """What would be asked about, and what would not, by the reason."""

    asked: int
    restricted: int
    """Those of them that must not leave the machine."""
    licences: tuple[str, ...]
    skipped: dict[str, int]


def is_restricted(record: Record) -> bool:
    """Whether a record, or the source that its data set is read by, must not leave the machine."""
    source = all_sources().get(record.dataset)
    return record.restricted or (source is not None and source.restricted)


@dataclass(frozen=True)
class Asked:
    """The records of a file that are asked about, in order, and their prompts."""

    file: RecordFile
    options: ConverseOptions
    places: Sequence[int]
    restricted: Sequence[bool]
    found: Survey

    @classmethod
    def of(cls, file: RecordFile, options: ConverseOptions) -> Self:
        """Read the file once; InputError where there is nothing to ask about."""
        skipped: Counter[str] = Counter()
        marks: dict[int, bool] = {}
        licences: set[str] = set()
        for place, record in _chosen(file, options.split):
            if reason := _reason_to_skip(record):
                skipped[reason] += 1
                continue
            marks[place] = is_restricted(record)
            licences.add(record.licence)
            if len(marks) == options.limit:
                break
        of_what = (tuple(sorted(licences)), dict(skipped.most_common()))
        found = Survey(len(marks), sum(marks.values()), *of_what)
        _refuse_nothing(file.path, found)
        return cls(file, options, array("Q", marks), list(marks.values()), found)

    def __iter__(self) -> Iterator[Record]:
        return (self.file[place] for place in self.places)

    def prompts(self, record: Record) -> dict[Kind, Prompt]:
        """What is asked about one record: its report alone goes in."""
        report, restricted = report_of(record), is_restricted(record)
        return {kind: prompt(kind, report, restricted) for kind in self.options.kinds}

    def key(self, asked: Prompt, model: str) -> str:
        """By what the reply to a prompt is kept."""
        return reply_key(asked, model, self.options.sampling, self.options.seed)

    def keyed(self, model: str) -> Iterator[tuple[str, Prompt]]:
        """Every prompt of every record, by its key; equal reports make equal prompts."""
        for record in self:
            for asked in self.prompts(record).values():
                yield self.key(asked, model), asked


def _chosen(file: RecordFile, split: str | None) -> Iterator[tuple[int, Record]]:
    """The places and records of a split; InputError for one that is not there."""
    if split is not None and split not in file.splits:
        raise InputError(f"{file.path} holds no {split!r}{nearest(split, file.splits)}")
    return ((place, each) for place, each in enumerate(file) if split in (None, each.split))


def _reason_to_skip(record: Record) -> str | None:
    report = report_of(record)
    if not report:
        return NO_REPORT
    if len(report) > LONGEST_REPORT:
        return TOO_LONG
    return None if labels_of(record) else NO_LABELS


def _refuse_nothing(path: Path, found: Survey) -> None:
    if not found.asked:
        told = ", ".join(f"{count} {reason}" for reason, count in found.skipped.items())
        raise InputError(
            f"{path}: no record can be asked about ({told or 'it is empty'}); a record needs a "
            "report and labels of the findings of a chest radiograph"
        )
