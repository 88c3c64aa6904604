"""The leak scan: is anything that identified the patient in the file that was written?

It knows nothing of how a file was rewritten. It takes what the original says of people, places,
dates and numbers, and searches the written file for it: every string of the dataset and of the file
meta information, then the bytes themselves.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from diascope.curation._deidentify.dates import Shift
from diascope.curation._deidentify.profile import Action, Profile, table
from diascope.curation._deidentify.values import each, is_standard
from diascope.curation._deidentify.words import is_known

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset, FileDataset

_LETTERS = re.compile(r"[^\W\d_]+")
_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
_TEXT = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "UR", "AE", "CS", "PN"))
_NUMERALS = frozenset(("DS", "IS", "TM", "AS", "UI", "DA", "DT"))
_NAMING = _TEXT | {"UI", "DA", "DT"}
_MIN_LETTERS, _MIN_LONG, _MIN_IN_PIXELS = 3, 6, 8


class Needle(NamedTuple):
    """Something that must not be found, and what it is."""

    text: str
    kind: str

    @property
    def is_long(self) -> bool:
        """Whether it is unlikely to turn up by chance, so that it may be part of a longer word."""
        return len(self.text) >= _MIN_LONG

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it is put there if it is found among pixels, whose bytes are anything."""
        return len(self.text) >= _MIN_IN_PIXELS and len(set(self.text)) >= _MIN_IN_PIXELS // 2

    @property
    def pattern(self) -> str:
        """A regular expression: digits not within longer digits, short words not within words."""
        text = re.escape(self.text)
        if self.kind == "date":
            return rf"(?<![0-9]){text}"
        if self.kind == "UID":
            return rf"(?<![0-9.]){text}(?![0-9.])"
        if self.text.isdecimal():
            return rf"(?<![0-9]){text}(?![0-9])"
        return text if self.is_long else rf"(?<![^\W_]){text}(?![^\W_])"


@dataclass(frozen=True)
class Needles:
    """What identifies somebody in one original file."""

    found: frozenset[Needle]
    num_too_short: int = 0
    """Values of one or two characters, which would be found everywhere and are not searched for."""

    def leaks(self, dataset: "FileDataset", content: bytes) -> list[str]:
        """What is still there, by kind and place and without the value; `content` is the file."""
        elements = (*_walk(dataset.file_meta), *_walk(dataset))
        told = [leak for element in elements for leak in self._in_element(element)]
        return sorted({*told, *self._in_bytes(content, dataset)})

    def _in_element(self, element: "DataElement") -> Iterator[str]:
        if element.VR not in _TEXT | _NUMERALS:
            return
        text = "\\".join(map(str, each(element))).casefold()
        patterns = self._in_text if element.VR in _TEXT else self._in_numerals
        for kind, pattern in patterns.items():
            if pattern.search(text):
                yield f"{kind} in {element.tag:08x}"

    def _in_bytes(self, content: bytes, dataset: "FileDataset") -> Iterator[str]:
        pixels = bytes(dataset.get("PixelData") or b"")
        around = _without(content, pixels)
        for kind, pattern in self._around_pixels.items():
            if pattern.search(around):
                yield f"{kind} in the bytes of the file"
        low = pixels.lower()
        for needle in self.found:
            if needle.is_beyond_chance and needle.text.encode() in low:
                yield f"{needle.kind} in the bytes of the pixels"

    @cached_property
    def _in_text(self) -> dict[str, re.Pattern[str]]:
        return _texts(self.found)

    @cached_property
    def _in_numerals(self) -> dict[str, re.Pattern[str]]:
        return _texts(needle for needle in self.found if needle.is_long)

    @cached_property
    def _around_pixels(self) -> dict[str, re.Pattern[bytes]]:
        return _bytes(needle for needle in self.found if needle.is_long)


def needles(dataset: "FileDataset", profile: Profile, shift: Shift) -> Needles:
    """What identifies somebody in a file, but for what the options keep.

    A date onto which another one of the file is moved is left out: it will be there rightly.
    """
    elements = (*_walk(dataset.file_meta), *_walk(dataset))
    found = {needle for element in elements for needle in _of(element, profile)}
    dates = {needle.text for needle in found if needle.kind == "date"}
    clocks = ("000000", "235959") if profile.options.dates == "shifted" else ()
    moved = {shift.date(date, clock) for date in dates for clock in clocks}
    found -= {Needle(date, "date") for date in moved if date}
    found |= {_written(needle) for needle in found if needle.kind == "date"}
    searched = {needle for needle in found if len(needle.text) >= _shortest(needle.text)}
    return Needles(frozenset(searched), len(found) - len(searched))


def _of(element: "DataElement", profile: Profile) -> Iterator[Needle]:
    if element.VR not in _NAMING:
        return
    values = [str(value).strip(" \0").casefold() for value in each(element)]
    if element.VR == "PN":
        yield from (needle for value in values for needle in _of_name(value))
    elif profile.action(element.tag) is Action.KEEP:
        return
    elif element.VR == "UI":
        is_kept = profile.options.uids and not element.tag.is_private
        yield from (Needle(uid, "UID") for uid in values if not is_kept and not is_standard(uid))
    elif element.VR in ("DA", "DT"):
        matches = (_DATE.match(value) for value in values)
        yield from (Needle("".join(match.groups()), "date") for match in matches if match)
    elif element.tag in table() or element.tag.group == 2:
        yield from (needle for value in values for needle in _of_text(value))


def _of_name(name: str) -> Iterator[Needle]:
    """The parts of a name, and family and given name run together."""
    words = _LETTERS.findall(name)
    yield from (Needle(word, "name") for word in words)
    if len(words) > 1:
        pairs = words[0] + words[1], words[1] + words[0]
        yield from (Needle(pair, "name") for pair in pairs if len(pair) >= _MIN_LONG)
    yield from (Needle(part, "name") for part in name.split("^") if any(map(str.isdigit, part)))


def _of_text(text: str) -> Iterator[Needle]:
    """The lines of a text that say more than the vocabulary does, and its digits if many."""
    for line in filter(None, map(str.strip, text.splitlines())):
        if not is_known(line):
            yield Needle(line, "identifier")
        digits = "".join(filter(str.isdecimal, line))
        if len(digits) > _MIN_LONG and len(digits) * 2 > len(line):
            yield Needle(digits, "identifier")


def _shortest(text: str) -> int:
    """Three letters; two where the script has no letters but signs for words."""
    return _MIN_LETTERS if text.isascii() else _MIN_LETTERS - 1


def _written(needle: Needle) -> Needle:
    date = needle.text
    return Needle(f"{date[:4]}-{date[4:6]}-{date[6:]}", "date")


def _without(content: bytes, pixels: bytes) -> bytes:
    """The file around its pixels."""
    start = content.find(pixels[:64])
    end = start + len(pixels)
    return content[:start] + content[end:] if content[start:end] == pixels else content


def _walk(dataset: "Dataset") -> Iterator["DataElement"]:
    """Every element that can be read, of the dataset and of all items within."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            items = list(element.value) if element.VR == "SQ" else []
        except Exception:  # noqa: S112 - hostile bytes raise anything; the rewriter drops these too
            continue
        yield element
        for item in items:
            yield from _walk(item)


def _by_kind(found: Iterable[Needle]) -> dict[str, list[Needle]]:
    kinds: dict[str, list[Needle]] = {}
    for needle in sorted(found):
        kinds.setdefault(needle.kind, []).append(needle)
    return kinds


def _texts(found: Iterable[Needle]) -> dict[str, re.Pattern[str]]:
    return {
        kind: re.compile("|".join(needle.pattern for needle in some), re.IGNORECASE)
        for kind, some in _by_kind(found).items()
    }


def _bytes(found: Iterable[Needle]) -> dict[str, re.Pattern[bytes]]:
    return {
        kind: re.compile("|".join(n.pattern for n in some).encode(), re.IGNORECASE)
        for kind, some in _by_kind(found).items()
    }
