"""Sections of evaluation reports that stand word for word in training text.

Texts are compared as words: Unicode's compatibility forms made one, case, punctuation and white
space dropped. A section is what stands between blank lines or headings; a heading ends with a colon
and is in capitals or begins a line. Every training text is walked through once, word by word, and
only the digests of the other splits' sections are remembered: the work grows with the number of
words, the memory with the evaluation text alone.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from diascope.curation.split import is_training
from diascope.values import Value

LEAST_WORDS = 8
"""Shorter sections are phrases that any two reports may share."""
_BREAK = re.compile(r"\n\s*\n|\b[A-Z][A-Z /&-]{2,60}:|^[ \t]*[A-Z][\w /&-]{2,60}:", re.MULTILINE)
_NOT_WORDS = re.compile(r"[\W_]+")


class ReportText(NamedTuple):
    """A report, or any other text, of a record."""

    record: str
    split: str
    text: str


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


def sections(text: str) -> list[tuple[str, ...]]:
    """The words of every section that has at least LEAST_WORDS, normalised."""
    parts = (_words(part) for part in _BREAK.split(text))
    return [words for words in parts if len(words) >= LEAST_WORDS]


def text_leaks(texts: Sequence[ReportText]) -> list[TextLeak]:
    """Sections outside of training that a training text holds, in the order they were given.

    A section that several records share is told for each of them.
    """
    watched = _Watched()
    for each in texts:
        if not is_training(each.split):
            watched.add(each)
    for each in texts:
        if is_training(each.split):
            watched.search(each)
    return list(watched.leaks())


@dataclass
class _Section:
    """How long a section is, who is evaluated on it, and where training holds it."""

    words: int
    owners: dict[str, str] = field(default_factory=dict)
    first: str | None = None
    times: int = 0


class _Watched:
    """Sections by their digest; the lengths of sections by the digest of their first words."""

    def __init__(self) -> None:
        self._lengths: dict[bytes, set[int]] = {}
        self._sections: dict[bytes, _Section] = {}

    def add(self, text: ReportText) -> None:
        """Watch for the sections of a text."""
        for words in sections(text.text):
            section = self._sections.setdefault(_digest(words), _Section(len(words)))
            section.owners.setdefault(text.record, text.split)
            self._lengths.setdefault(_digest(words[:LEAST_WORDS]), set()).add(len(words))

    def search(self, text: ReportText) -> None:
        """Count the training text for every section that it holds."""
        for digest in self._held(_words(text.text)):
            section = self._sections[digest]
            section.first = section.first or text.record
            section.times += 1

    def _held(self, words: tuple[str, ...]) -> set[bytes]:
        digests = (
            _digest(words[start : start + length])
            for start in range(len(words) - LEAST_WORDS + 1)
            for length in self._lengths.get(_digest(words[start : start + LEAST_WORDS]), ())
        )
        return self._sections.keys() & set(digests)

    def leaks(self) -> Iterator[TextLeak]:
        """What was found."""
        for section in self._sections.values():
            if section.first is None:
                continue
            for record, split in section.owners.items():
                yield TextLeak(
                    record=record,
                    split=split,
                    training=section.first,
                    times=section.times,
                    words=section.words,
                )


def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_NOT_WORDS.sub(" ", plain).split())


def _digest(words: tuple[str, ...]) -> bytes:
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest()
