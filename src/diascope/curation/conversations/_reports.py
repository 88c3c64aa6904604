"""What is written of a study: the sections of its report, and what was told before."""

import re
from collections.abc import Iterator

from diascope.answers import Text
from diascope.curation.conversations.form import Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn
from diascope.sources import turns

NO_REPORT = Lack("no findings section of a report")
_SHORTEST = 5
"""M4CXR leaves out shorter ones, characters."""
_ASKED = {
    name: turns.report(name, "-", 1).question for name in ("findings", "impression", "report")
}
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def findings_section(study: Study) -> Turn | None:
    """The turn that asks for the findings of the report.

    A report that is not divided counts in a set that divides none: elsewhere it is not a findings
    section, and M4CXR reads these alone.
    """
    found = section(study, "findings")
    if found is None and not study.data_set.divided:
        found = section(study, "report")
    return found


def section(study: Study, name: str) -> Turn | None:
    """The turn that asks for a section: findings, impression, or the undivided report."""
    for turn in study.turns:
        if turn.task == "report" and turn.question == _ASKED[name] and _is_written(turn):
            return turn
    return None


def text_of(turn: Turn) -> str:
    """The words of a turn's answer."""
    return turn.answer.text if isinstance(turn.answer, Text) else ""


def indication(study: Study) -> str | None:
    """Why the images were made."""
    told = (context for record in study.records for context in record.context)
    return next((each.text for each in told if each.role == "indication"), None)


def sentences(text: str) -> list[str]:
    """The text cut after full stops, question and exclamation marks."""
    return _SENTENCE_END.split(text)


def of_each_image(study: Study, question: str) -> Iterator[Talk | Lack]:
    """The findings section asked of every image of the study by itself."""
    for image in study.images:
        yield _of_image(study.showing(image), image, question)


def _of_image(shown: Study, image: Image, question: str) -> Talk | Lack:
    written = findings_section(shown)
    if written is None:
        return NO_REPORT
    return Talk(shown.records[0], (image,), (asked(written, question),))


def asked(turn: Turn, question: str, image: int = 0) -> Turn:
    """The turn in other words, about another image of the conversation."""
    return turn.model_copy(update={"question": question, "image": image})


def _is_written(turn: Turn) -> bool:
    return len(text_of(turn)) >= _SHORTEST
