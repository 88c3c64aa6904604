"""Leaks: pictures, patients and reports that are one, and where they may not be so.

A pair of pictures fails the gate where it spans two splits, since what is learnt from one is then
asked in the other, or two data sets under two patients' names, since one of the names is wrong and
a split by patient cannot hold. Any other pair is only told: two views of a patient, or one picture
twice in a split, which is merely counted twice. A patient fails who stands in two splits of sets
that were made of one another (`patients`), and a report that training holds for the most part
(`texts`); a section that training holds is only told, since reports share standard ones.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from diascope.curation.duplicates import Pair
from diascope.curation.patients import PatientLeak, person
from diascope.curation.texts import ReportLeak, TextLeak, TextLeaks
from diascope.errors import InputError
from diascope.values import Value

_NAMED = 5


class Origin(Value):
    """Where a picture is used."""

    record: str
    """Id of the record, which says nothing of who the patient is."""
    patient: str
    dataset: str
    split: str
    sha256: str | None = None
    """Digest of the file, where it is known."""


class ImageLeak(Value):
    """Two records that show the same picture; no patient is named."""

    first: str
    second: str
    """Ids of the records."""
    kind: Literal["same file", "exact", "near", "flipped"]
    distance: Annotated[float, Field(ge=0)]
    """See `duplicates.Pair`."""
    splits: tuple[str, str]
    datasets: tuple[str, str]
    same_patient: bool

    @property
    def across_splits(self) -> bool:
        """Whether the records are in two splits."""
        return self.splits[0] != self.splits[1]

    @property
    def across_datasets(self) -> bool:
        """Whether the records are in two data sets."""
        return self.datasets[0] != self.datasets[1]

    @property
    def fails(self) -> bool:
        """Whether the gate must not be passed with it."""
        return self.across_splits or (self.across_datasets and not self.same_patient)


class LeakReport(Value):
    """All that was found, in the order of the pictures, patients and texts."""

    images: tuple[ImageLeak, ...]
    texts: tuple[TextLeak, ...] = ()
    """Sections, which are told."""
    patients: tuple[PatientLeak, ...] = ()
    reports: tuple[ReportLeak, ...] = ()

    @property
    def failing(self) -> tuple[ImageLeak, ...]:
        """The pairs of pictures that the gate refuses."""
        return tuple(leak for leak in self.images if leak.fails)

    def counts(self) -> dict[str, int]:
        """Failing pairs per kind and what they span, then those that are only told."""
        people = Counter(f"same patient of {each.family} across splits" for each in self.patients)
        reports = {"copied report across splits": len(self.reports)} if self.reports else {}
        images = Counter(_what(leak) for leak in self.images)
        return dict(images.most_common()) | dict(people.most_common()) | reports


def leaks(
    pairs: Sequence[Pair],
    origins: Sequence[Origin],
    texts: TextLeaks = TextLeaks(),  # noqa: B008 - frozen
    patients: Iterable[PatientLeak] = (),
) -> LeakReport:
    """What the pairs are; `origins` has one entry a picture, in the order of the fingerprints."""
    found = (_image_leak(pair, origins[pair.first], origins[pair.second]) for pair in pairs)
    return LeakReport(
        images=tuple(found),
        texts=texts.sections,
        patients=tuple(patients),
        reports=texts.reports,
    )


def gate(report: LeakReport) -> None:
    """InputError where a picture, a patient or a report is in two splits, or a picture is of two.

    A picture is of two patients where two data sets say so.
    """
    found = (_images_told(report.failing), _patients_told(report), _reports_told(report))
    if told := "\n".join(filter(None, found)):
        raise InputError(told)


def _images_told(failing: Sequence[ImageLeak]) -> str:
    counted = Counter(_what(leak) for leak in failing).most_common()
    kinds = ", ".join(f"{count} {what}" for what, count in counted)
    return _told(
        f"{len(failing)} pairs of images leak ({kinds})",
        [_named(leak) for leak in failing],
        "leave one record of each pair out, or put both into the same split under the same patient",
    )


def _patients_told(report: LeakReport) -> str:
    return _told(
        f"{len(report.patients)} pairs of records are of one patient in two splits",
        [_places(each) for each in report.patients],
        "these sets were made of one another: leave the patient's records out of the lesser split",
    )


def _reports_told(report: LeakReport) -> str:
    return _told(
        f"{len(report.reports)} copies of evaluated reports stand in training text",
        [
            f"{each.record!r} ({each.split}), {each.words} of its own {each.own} words in "
            f"{each.training!r}"
            for each in report.reports
        ],
        "leave the training records of these patients out",
    )


def _told(what: str, named: Sequence[str], mend: str) -> str:
    """One kind of leak, the first few by name; nothing where there is none."""
    if not named:
        return ""
    more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{what}: {'; '.join(named[:_NAMED])}{more}; {mend}"


def _image_leak(pair: Pair, first: Origin, second: Origin) -> ImageLeak:
    same_file = first.sha256 is not None and first.sha256 == second.sha256
    return ImageLeak(
        first=first.record,
        second=second.record,
        kind="same file" if same_file else pair.kind,
        distance=max(pair.distance, 0.0),
        splits=(first.split, second.split),
        datasets=(first.dataset, second.dataset),
        same_patient=_is_same(first, second),
    )


def _is_same(first: Origin, second: Origin) -> bool:
    """Whether both name one patient, each in its set's spelling."""
    here, there = (person(each.dataset, each.patient) for each in (first, second))
    return first.patient == second.patient or (here is not None and here == there)


def _what(leak: ImageLeak) -> str:
    if leak.across_splits:
        return f"{leak.kind} across splits"
    if leak.across_datasets:
        return f"{leak.kind} across data sets"
    return f"{leak.kind} of the same patient" if leak.same_patient else f"{leak.kind} in a split"


def _named(leak: ImageLeak) -> str:
    return f"{_places(leak)}, {leak.kind}, distance {leak.distance:.3f}"


def _places(leak: ImageLeak | PatientLeak) -> str:
    (first, second), (here, there) = leak.splits, leak.datasets
    return f"{leak.first!r} ({first}, {here}) and {leak.second!r} ({second}, {there})"
