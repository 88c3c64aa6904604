"""The studies of prepared folders: records joined by patient and study, opened one by one.

A folder is read twice: once to learn where the records of each study are, what is true of a whole
data set and what leaks; then study by study. A patient or a file that folders have in two splits is
left out of the lesser one, as in `prepare`. So no image of MIMIC-CXR's test part is learnt from
because another set has it in training, and none that MS-CXR tests on.
"""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from diascope.curation.audit import Exclusion, excluded
from diascope.curation.conversations._regions import located_names, searched_names
from diascope.curation.conversations.study import DataSet, Study
from diascope.curation.patients import person
from diascope.curation.split import Leaks
from diascope.errors import InputError
from diascope.recordfile import RecordFile
from diascope.records import Image, Record
from diascope.sources import turns

_FINDINGS = turns.report("findings", "-", 1).question
_PRIOR_REPORT = "prior report"


class Name(NamedTuple):
    """What makes records one study."""

    file: int
    dataset: str
    split: str
    patient: str
    study: str


class Opened(NamedTuple):
    """A study, where its images lie, and which of its records were left out for a leak."""

    study: Study | None
    """None where nothing is left of it."""
    root: Path
    left_out: tuple[Exclusion, ...]


class Studies:
    """All studies of some record files, in order of first appearance."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """InputError where a file is missing, or a line of it is no record."""
        self._files = [RecordFile(path) for path in paths]
        self._places: dict[Name, array[int]] = {}
        self._searched: dict[str, set[str]] = defaultdict(set)
        self._located: dict[str, set[str]] = defaultdict(set)
        self._divided: set[str] = set()
        self._leaks = Leaks()
        self._digest = lru_cache(4096)(_digest)
        for number, file in enumerate(self._files):
            for position in range(len(file)):
                self._learn(number, position)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Opened]:
        for name in self._places:
            kept, left_out = self._read(name)
            study = self._joined(name, kept, self._before(name, kept)) if kept else None
            yield Opened(study, self._files[name.file].root, left_out)

    def _learn(self, number: int, position: int) -> None:
        record = self._record(number, position)
        name = Name(number, record.dataset, record.split, record.patient, record.study)
        self._places.setdefault(name, array("Q")).append(position)
        self._leaks.add(_by_person(record))
        for turn in record.turns:
            self._searched[record.dataset].update(searched_names(turn))
            self._located[record.dataset].update(located_names(turn))
            if turn.task == "report" and turn.question == _FINDINGS:
                self._divided.add(record.dataset)

    def _before(self, name: Name, records: Sequence[Record]) -> Study | None:
        """The study whose report the records come with; only that tells which one was before."""
        for record in records:
            for context in record.context:
                if context.role == _PRIOR_REPORT and context.study not in (None, name.study):
                    earlier = name._replace(study=f"{context.study}")
                    kept = self._read(earlier)[0] if earlier in self._places else ()
                    return self._joined(earlier, kept, None) if kept else None
        return None

    def _joined(self, name: Name, records: tuple[Record, ...], prior: Study | None) -> Study:
        dataset = name.dataset
        data_set = DataSet(
            name=dataset,
            searched=frozenset(self._searched[dataset]),
            located=frozenset(self._located[dataset]),
            divided=dataset in self._divided,
        )
        return Study(records, data_set, prior)

    def _read(self, name: Name) -> tuple[tuple[Record, ...], tuple[Exclusion, ...]]:
        """The records of a study that leak nothing, and the others."""
        records = [self._record(name.file, position) for position in self._places[name]]
        judged = [(record, self._leaks.reason(_by_person(record))) for record in records]
        kept = tuple(record for record, reason in judged if reason is None)
        return kept, tuple(excluded(record, reason) for record, reason in judged if reason)

    def _record(self, number: int, position: int) -> Record:
        """The record with the sha256 of every image, which `prepare` has written already."""
        file = self._files[number]
        record = file[position]
        images = tuple(self._named(image, file.root) for image in record.images)
        return record.model_copy(update={"images": images})

    def _named(self, image: Image, root: Path) -> Image:
        if image.sha256:
            return image
        return image.model_copy(update={"sha256": self._digest(root / image.path)})


def _by_person(record: Record) -> Record:
    """The record under a patient's name that is one in all sets made of one another.

    In sets that have nothing to do with each other, one identifier is two people.
    """
    known = person(record.dataset, record.patient) or (record.dataset, record.patient)
    return record.model_copy(update={"patient": " ".join(known)})


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; prepare the folder again") from None
