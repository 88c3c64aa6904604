"""Evaluation reports, and sections of them, that stand word for word in training text.

Texts are compared as words: Unicode's compatibility forms made one, case, punctuation and white
space dropped. A section is what stands between blank lines or headings; a heading ends with a colon
and is in capitals or begins a line. Every training text is walked through once, word by word, and
only the digests of the other splits' sections are remembered: the work grows with the number of
words, the memory with the evaluation text alone.

Radiologists write standard sentences, so that a section found in training is only told. A report is
a copy where the training texts of one patient hold most of the sentences that are its own: one that
the texts of more than FEW training patients hold is standard. See docs/leaks.md for the limits.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from diascope.curation.split import is_training
from diascope.values import Value

LEAST_WORDS = 8
"""Shorter sections and sentences are phrases that any two reports may share."""
FEW = 3
"""Training patients who may have a sentence that is not a standard one."""
LEAST_COPIED = 40
"""Words of its own that a report must share with training to be a copy."""
MOST = 0.5
"""The least share of its own words that a copy shares."""
_BREAK = re.compile(r"\n\s*\n|\b[A-Z][A-Z /&-]{2,60}:|^[ \t]*[A-Z][\w /&-]{2,60}:", re.MULTILINE)
_END = re.compile(r"(?<=[.!?;])\s")
_NOT_WORDS = re.compile(r"[\W_]+")


class ReportText(NamedTuple):
    """A report, or any other text, of a record."""

    record: str
    split: str
    text: str
    patient: str = ""
    """Whose report it is; where it is not told, each record is of another patient."""

    @property
    def person(self) -> str:
        """Who stands for one reader's habit no more than once."""
        return self.patient or self.record


class TextLeak(Value):
    """A section of an evaluation text found in training text; the words are not repeated here."""

    record: str
    """Id of the record that is evaluated on."""
    split: str
    training: str
    """Id of the first training record whose text holds the section."""
    times: int
    """Training texts that hold it: many for a standard sentence, one for a copied report."""
    words: int


class ReportLeak(Value):
    """A report that is evaluated on, and that training holds for the most part."""

    record: str
    """Id of the record that is evaluated on."""
    split: str
    training: str
    """Id of a training record that holds a part of it."""
    words: int
    """Of its own that the training texts of one patient hold."""
    own: int
    """In its sentences that are not standard."""


class TextLeaks(NamedTuple):
    """Sections, which are told, and copied reports, which fail, in the order they were given."""

    sections: tuple[TextLeak, ...] = ()
    reports: tuple[ReportLeak, ...] = ()


def sections(text: str) -> list[tuple[str, ...]]:
    """The words of every section that has at least LEAST_WORDS, normalised."""
    parts = (_words(part) for part in _BREAK.split(text))
    return [words for words in parts if len(words) >= LEAST_WORDS]


def sentences(text: str) -> list[tuple[str, ...]]:
    """The words of every sentence that has at least LEAST_WORDS; none spans sections."""
    parts = (_words(each) for part in _BREAK.split(text) for each in _END.split(part))
    return [words for words in parts if len(words) >= LEAST_WORDS]


def text_leaks(texts: Sequence[ReportText]) -> TextLeaks:
    """Sections and reports outside of training that training texts hold.

    A section that several records share is told for each of them. All texts of a record are one
    report.
    """
    watched = _Watched()
    for each in texts:
        if not is_training(each.split):
            watched.add(each)
    for each in texts:
        if is_training(each.split):
            watched.search(each)
    return TextLeaks(tuple(watched.sections()), tuple(watched.reports()))


@dataclass
class _Part:
    """A section or sentence: how long it is, whose it is, and where training holds it."""

    words: int
    sections_of: dict[str, str] = field(default_factory=dict)
    """Records that it is a section of, and their splits."""
    sentences_of: dict[str, str] = field(default_factory=dict)
    first: str | None = None
    times: int = 0
    holders: dict[str, str] = field(default_factory=dict)
    """The first training record of each patient who has it; of one more than FEW at most."""

    @property
    def is_standard(self) -> bool:
        """Whether so many have it that it tells nothing of one report."""
        return len(self.holders) > FEW

    def hold(self, text: ReportText) -> None:
        """Count a training text that holds it."""
        self.first = self.first or text.record
        self.times += 1
        if not self.is_standard:
            self.holders.setdefault(text.person, text.record)


class _Watched:
    """Parts by their digest; the lengths of parts by the digest of their first words."""

    def __init__(self) -> None:
        self._lengths: dict[bytes, set[int]] = {}
        self._parts: dict[bytes, _Part] = {}

    def add(self, text: ReportText) -> None:
        """Watch for the sections and sentences of a text."""
        for words in sections(text.text):
            self._part(words).sections_of.setdefault(text.record, text.split)
        for words in sentences(text.text):
            self._part(words).sentences_of.setdefault(text.record, text.split)

    def _part(self, words: tuple[str, ...]) -> _Part:
        self._lengths.setdefault(_digest(words[:LEAST_WORDS]), set()).add(len(words))
        return self._parts.setdefault(_digest(words), _Part(len(words)))

    def search(self, text: ReportText) -> None:
        """Count the training text for every part that it holds."""
        for digest in self._held(_words(text.text)):
            self._parts[digest].hold(text)

    def _held(self, words: tuple[str, ...]) -> set[bytes]:
        digests = (
            _digest(words[start : start + length])
            for start in range(len(words) - LEAST_WORDS + 1)
            for length in self._lengths.get(_digest(words[start : start + LEAST_WORDS]), ())
        )
        return self._parts.keys() & set(digests)

    def sections(self) -> Iterator[TextLeak]:
        """Every section that training holds."""
        for part in self._parts.values():
            if part.first is None:
                continue
            for record, split in part.sections_of.items():
                yield TextLeak(
                    record=record,
                    split=split,
                    training=part.first,
                    times=part.times,
                    words=part.words,
                )

    def reports(self) -> Iterator[ReportLeak]:
        """Every report that is a copy."""
        own: dict[tuple[str, str], list[_Part]] = defaultdict(list)
        for part in self._parts.values():
            if not part.is_standard:
                for owner in part.sentences_of.items():
                    own[owner].append(part)
        for (record, split), parts in own.items():
            yield from _copied(record, split, parts)


def _copied(record: str, split: str, parts: Sequence[_Part]) -> Iterator[ReportLeak]:
    """A leak for each training patient who has a copy; `parts` are the report's own sentences."""
    held = Counter[str]()
    for part in parts:
        held.update(dict.fromkeys(part.holders, part.words))
    own = sum(part.words for part in parts)
    for person, words in held.items():
        if words >= max(LEAST_COPIED, MOST * own):
            training = next(part.holders[person] for part in parts if person in part.holders)
            yield ReportLeak(record=record, split=split, training=training, words=words, own=own)


def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_NOT_WORDS.sub(" ", plain).split())


def _digest(words: tuple[str, ...]) -> bytes:
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest()
