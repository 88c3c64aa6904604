"""What a de-identification tells: one line for each file, and the whole. Neither holds a value."""

from collections.abc import Iterable

from pydantic import Field

from diascope.curation._deidentify.options import Options
from diascope.values import Value


class FileAudit(Value):
    """What became of one file; it is named by a keyed digest, since paths name patients too."""

    file: str
    output: str | None
    """Where it was written, below OUT; None for one that must not pass."""
    patient: str | None = None
    reasons: tuple[str, ...] = ()
    """Why it did not pass."""
    searched_for_text: bool = False
    """Whether tesseract looked at its pixels."""
    changes: dict[str, str] = Field(default_factory=dict)
    """Place of an attribute to the action (PS3.15 E.1-1a) and a keyed digest of what it said."""


class Report(Value):
    """The whole of it."""

    edition: str
    """Of the table of PS3.15."""
    options: Options
    ocr: str | None
    """Version of tesseract; None where the kind of image alone decided."""
    files: int
    written: int
    quarantined: int
    not_dicom: int
    """Files left where they were: archives, notes and whatever else is no DICOM."""
    patients: int
    leaks: int
    """Files in which the scan found something; they are among the quarantined."""
    searched_for_text: int
    too_short_to_search: int
    """Values of one or two characters that the scan could not search for."""
    reasons: dict[str, int]
    """How many files were quarantined for what."""

    @property
    def passed(self) -> bool:
        """Whether the scan found nothing."""
        return self.leaks == 0


def counted(reasons: Iterable[str]) -> dict[str, int]:
    """How often each reason was given, the most frequent first."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
