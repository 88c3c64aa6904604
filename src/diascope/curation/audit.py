"""What is wrong with a record, and what an audit of many tells."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from diascope.curation._deidentify.paths import told
from diascope.curation.doubts import Doubt, doubted, noted
from diascope.curation.looks import Key, Look, Looks
from diascope.curation.split import is_training
from diascope.records import Image, Record
from diascope.sources import Problem
from diascope.tasks.checks import problems
from diascope.values import Value

_TOGETHER = 64
"""Records whose images are decoded side by side."""


class Exclusion(Value):
    """One thing left out, where it came from as far as that is known, and why."""

    file: str | None
    row: int | None
    record: str | None
    reason: str

    def __str__(self) -> str:
        places = (self.file, None if self.row is None else f"row {self.row}", self.record)
        return f"{', '.join(place for place in places if place)}: {self.reason}"


class Count(Value):
    """How many questions of one kind there are, and of how many patients."""

    split: str
    dataset: str
    task: str
    cases: int
    patients: int


class Audit(Value):
    """What was kept and what was not; `cases` are questions, a record may ask several."""

    records: int
    cases: int
    patients: int
    images: int
    licences: tuple[str, ...]
    restricted: int
    """Records that must not leave the machine."""
    excluded: int
    counts: tuple[Count, ...]
    exclusions: tuple[Exclusion, ...]
    doubts: tuple[Doubt, ...] = ()
    """Why a person should look at some of the images that were kept."""


class Examined(NamedTuple):
    """A record with the sha256 of its images, and everything that is wrong with it."""

    record: Record
    reasons: tuple[str, ...]


class Auditor:
    """Examines records; every image is decoded once."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def examine(self, records: Iterable[Record]) -> Iterator[Examined]:
        """What is wrong with the images and the answers of each record, in order."""
        waiting = iter(records)
        while together := list(islice(waiting, _TOGETHER)):
            taken = self._looks.take(image for record in together for image in record.images)
            for record in together:
                yield self._examined(record, taken)

    def _examined(self, record: Record, taken: Mapping[Key, Look | str]) -> Examined:
        seen = [(image, taken[image.path, image.frame_index]) for image in record.images]
        reasons = (*_image_reasons(seen), *_turn_reasons(record))
        if reasons:
            return Examined(record, reasons)
        looks = [look for _, look in seen if not isinstance(look, str)]
        images = tuple(
            image.model_copy(update={"sha256": look.sha256})
            for image, look in zip(record.images, looks, strict=True)
        )
        clean = record.model_copy(update={"images": images})
        return Examined(noted(clean, [look.doubts for look in looks]), ())


def excluded(record: Record, reason: str) -> Exclusion:
    """A record left out; its place comes from its metadata, where the source told it."""
    row = record.metadata.get("row", "")
    return Exclusion(
        file=record.metadata.get("file"),
        row=int(row) if row.isdecimal() else None,
        record=record.id,
        reason=reason,
    )


def unread(problem: Problem) -> Exclusion:
    """Something left out because the source could not read it."""
    return Exclusion(file=problem.file, row=problem.row, record=None, reason=problem.reason)


class Tally:
    """Counts records as they are written."""

    def __init__(self) -> None:
        self._cases: Counter[tuple[str, str, str]] = Counter()
        self._patients: dict[tuple[str, str, str], set[str]] = {}
        self._images: set[str] = set()
        self._licences: set[str] = set()
        self._doubts: dict[str, set[str]] = {}
        self._records = self._restricted = 0

    def add(self, record: Record) -> None:
        """Count a record."""
        self._records += 1
        self._restricted += record.restricted
        self._licences.add(record.licence)
        self._images.update(image.path for image in record.images)
        for image, what in doubted(record):
            self._doubts.setdefault(what, set()).add(image.path)
        for turn in record.turns:
            key = (record.split, record.dataset, turn.task)
            self._cases[key] += 1
            self._patients.setdefault(key, set()).add(record.patient)

    def audit(self, exclusions: Iterable[Exclusion]) -> Audit:
        """The whole."""
        listed = tuple(exclusions)
        return Audit(
            records=self._records,
            cases=self._cases.total(),
            patients=len(set().union(*self._patients.values())),
            images=len(self._images),
            licences=tuple(sorted(self._licences)),
            restricted=self._restricted,
            excluded=len(listed),
            counts=tuple(self._counts()),
            exclusions=listed,
            doubts=tuple(
                Doubt(what=what, images=len(paths)) for what, paths in sorted(self._doubts.items())
            ),
        )

    def _counts(self) -> Iterator[Count]:
        for key, cases in sorted(self._cases.items()):
            split, dataset, task = key
            patients = len(self._patients[key])
            yield Count(split=split, dataset=dataset, task=task, cases=cases, patients=patients)


def _image_reasons(seen: list[tuple[Image, Look | str]]) -> Iterator[str]:
    for image, look in seen:
        if isinstance(look, str):
            yield look
        elif look.size != image.size:
            yield (
                f"{told(image.path)}: the picture is {look.size.width} x {look.size.height}, "
                f"its record says {image.width} x {image.height}"
            )
        elif image.sha256 not in (None, look.sha256):
            yield f"{told(image.path)}: the file is not the one that its sha256 was taken of"


def _turn_reasons(record: Record) -> Iterator[str]:
    for number, turn in enumerate(record.turns, start=1):
        where = f"turn {number}: " if len(record.turns) > 1 else ""
        size = record.images[turn.image].size
        if turn.answer is None and is_training(record.split):
            yield f"{where}has no answer to learn from; ask it in another split"
        yield from (f"{where}{reason}" for reason in problems(turn, size))
