"""Leaks: pictures that are one, and what that means for the splits and data sets they are in.

A pair fails the gate where it spans two splits, since what is learnt from one is then asked in the
other, or two data sets under two patients' names, since one of the names is wrong and a split by
patient cannot hold. Any other pair is only told: two views of a patient, or one picture twice in a
split, which is merely counted twice. So are texts (`texts`): reports of different patients share
whole standard sections.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from diascope.curation.duplicates import Pair
from diascope.curation.texts import TextLeak
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
    """All that was found, in the order of the pictures and of the texts."""

    images: tuple[ImageLeak, ...]
    texts: tuple[TextLeak, ...] = ()

    @property
    def failing(self) -> tuple[ImageLeak, ...]:
        """Those that the gate refuses."""
        return tuple(leak for leak in self.images if leak.fails)

    def counts(self) -> dict[str, int]:
        """Failing pairs per kind and what they span, then those that are only told."""
        return dict(Counter(_what(leak) for leak in self.images).most_common())


def leaks(
    pairs: Sequence[Pair], origins: Sequence[Origin], texts: Sequence[TextLeak] = ()
) -> LeakReport:
    """What the pairs are; `origins` has one entry a picture, in the order of the fingerprints."""
    found = (_image_leak(pair, origins[pair.first], origins[pair.second]) for pair in pairs)
    return LeakReport(images=tuple(found), texts=tuple(texts))


def gate(report: LeakReport) -> None:
    """InputError where a picture is in two splits, or in two data sets under two patients."""
    failing = report.failing
    if not failing:
        return
    counted = Counter(_what(leak) for leak in failing).most_common()
    told = ", ".join(f"{count} {what}" for what, count in counted)
    named = "; ".join(_named(leak) for leak in failing[:_NAMED])
    more = f"; and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    raise InputError(
        f"{len(failing)} pairs of images leak ({told}): {named}{more}; leave one record of each "
        "pair out, or put both into the same split under the same patient"
    )


def _image_leak(pair: Pair, first: Origin, second: Origin) -> ImageLeak:
    same_file = first.sha256 is not None and first.sha256 == second.sha256
    return ImageLeak(
        first=first.record,
        second=second.record,
        kind="same file" if same_file else pair.kind,
        distance=max(pair.distance, 0.0),
        splits=(first.split, second.split),
        datasets=(first.dataset, second.dataset),
        same_patient=first.patient == second.patient,
    )


def _what(leak: ImageLeak) -> str:
    if leak.across_splits:
        return f"{leak.kind} across splits"
    if leak.across_datasets:
        return f"{leak.kind} across data sets"
    return f"{leak.kind} of the same patient" if leak.same_patient else f"{leak.kind} in a split"


def _named(leak: ImageLeak) -> str:
    (first, second), (here, there) = leak.splits, leak.datasets
    return (
        f"{leak.first!r} ({first}, {here}) and {leak.second!r} ({second}, {there}), {leak.kind}, "
        f"distance {leak.distance:.3f}"
    )
