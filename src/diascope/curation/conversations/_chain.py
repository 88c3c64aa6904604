"""Findings first, then the report: M4CXR's chain of thought, in two turns."""

from diascope.curation.conversations._labels import findings_turn
from diascope.curation.conversations._reports import NO_REPORT, asked, findings_section
from diascope.curation.conversations.form import Lack
from diascope.curation.conversations.study import Study
from diascope.records import Turn

_THEN = "Based on the previous conversation, provide a description of the findings in {where}."


def chain(study: Study, where: str, before: str = "", image: int = 0) -> tuple[Turn, ...] | Lack:
    """Both turns about `where`, the image or images; `before` is said ahead of the first."""
    written = findings_section(study)
    if written is None:
        return NO_REPORT
    first = findings_turn(study, where)
    if first is None:
        return Lack("no finding is known")
    then = asked(written, _THEN.format(where=where), image)
    return asked(first, before + first.question, image), then
