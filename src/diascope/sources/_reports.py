"""Sections of a report as turns and as texts that come with the images.

Findings and impression are asked one by one; what a radiologist was told before reading
(indication, history, comparison) comes with the images.
"""

from collections.abc import Iterator, Mapping

from diascope.records import Context, Turn
from diascope.sources import turns

MOST_CHARS = 4000
_CONTEXT = ("indication", "history", "comparison")
_ASKED = ("findings", "impression", "report")

Sections = Mapping[str, str]
"""Texts by the names above, single-spaced and none of them empty.

`report` is the whole of a report that has neither findings nor impression.
"""


def single_spaced(sections: Sections) -> Sections:
    """The sections that have any words, each run of white space made one space."""
    tidy = {name: " ".join(text.split()) for name, text in sections.items()}
    return {name: text for name, text in tidy.items() if text}


def report_turns(sections: Sections) -> Iterator[Turn]:
    """A turn for each section that a reader writes."""
    for name in _ASKED:
        if name in sections:
            yield turns.report(name, sections[name], MOST_CHARS)


def report_context(sections: Sections, study: str) -> Iterator[Context]:
    """What was told before the images were read."""
    for name in _CONTEXT:
        if name in sections:
            yield Context(role=name, text=sections[name], study=study)


def prior_context(sections: Sections, study: str) -> Iterator[Context]:
    """What was written of an earlier study."""
    written = [f"{name.capitalize()}: {sections[name]}" for name in _ASKED if name in sections]
    if written:
        yield Context(role="prior report", text=" ".join(written), study=study)
