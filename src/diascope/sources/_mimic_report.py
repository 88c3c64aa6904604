"""A report of MIMIC-CXR by its sections.

A heading stands at the start of a line, after one space, in capitals and with a colon; words in
capitals inside a line are none. Before FINAL REPORT may stand another reader's first word (WET
READ), and a page break repeats that line between (Over) and (Cont).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diascope.sources._reports import Sections, single_spaced

_PAGE_BREAK = re.compile(r"\(Over\)\s*(?:FINAL REPORT\s*)?\(Cont\)")
_FINAL = re.compile(
    r"^[ \t]*FINAL REPORT[ \t]*$(.*?)(?:^[ \t]*FINAL ADDENDUM[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^ ?([A-Z][A-Z ()/,-]*):", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n\s*\n")
_BEFORE, _TITLE, _AFTER = "before", "title", "after"
"""What precedes the findings, what an unknown heading opens, and what is no part of the reading."""
_NAMES = {
    **dict.fromkeys(("INDICATION", "INDICATIONS", "CLINICAL INDICATION"), "indication"),
    **dict.fromkeys(("REASON FOR EXAM", "REASON FOR EXAMINATION"), "indication"),
    **dict.fromkeys(("HISTORY", "CLINICAL HISTORY", "CLINICAL INFORMATION"), "history"),
    **dict.fromkeys(("COMPARISON", "COMPARISONS"), "comparison"),
    **dict.fromkeys(("FINDINGS", "FINDINGS AND IMPRESSION", "FINDINGS/IMPRESSION"), "findings"),
    **dict.fromkeys(("IMPRESSION", "IMPRESSIONS", "CONCLUSION", "CONCLUSIONS"), "impression"),
    **dict.fromkeys(("EXAMINATION", "EXAM", "STUDY", "TECHNIQUE", "PROCEDURE"), _BEFORE),
    **dict.fromkeys(("NOTIFICATION", "RECOMMENDATION", "RECOMMENDATIONS", "WET READ"), _AFTER),
    **dict.fromkeys(("RECOMMENDATION(S)", "ADDENDUM"), _AFTER),
}
_UNTOLD = (_BEFORE, _TITLE, _AFTER)
_WRITTEN = ("findings", "impression")
_HEAD_FIRST = ("indication", "history", "comparison", _BEFORE)


class _Section(NamedTuple):
    name: str
    text: str


def sections(text: str) -> Sections:
    """The final report's sections by name, single-spaced; texts under one name are joined.

    A report without findings and impression says what it has to say after the first blank line of
    its last section, or under its title: that is its `report`.
    """
    found = list(_split(_final(_PAGE_BREAK.sub("", text))))
    if not any(name in _WRITTEN and said.strip() for name, said in found):
        found = [*found[:-1], *_untitled(found[-1])]
    joined: dict[str, str] = {}
    for name, said in found:
        if name not in _UNTOLD:
            joined[name] = f"{joined.get(name, '')} {said}"
    return single_spaced(joined)


def _final(text: str) -> str:
    """What stands below FINAL REPORT, or the whole text where nothing says so."""
    found = _FINAL.search(text)
    return found[1] if found else text


def _split(text: str) -> Iterator[_Section]:
    """In order; a heading that is not known is a part of the findings that it stands in."""
    name, start = _BEFORE, 0
    for heading in _HEADING.finditer(text):
        opened = _NAMES.get(heading[1].strip(), _TITLE)
        if opened == _TITLE and name in _WRITTEN:
            continue
        yield _Section(name, text[start : heading.start()])
        name, start = opened, heading.end()
    yield _Section(name, text[start:])


def _untitled(last: _Section) -> Iterator[_Section]:
    if last.name == _TITLE:
        yield _Section("report", last.text)
    elif last.name in _HEAD_FIRST:
        head, *rest = _BLANK_LINE.split(last.text.strip(), maxsplit=1)
        yield _Section(last.name, head)
        yield from (_Section("report", said) for said in rest)
