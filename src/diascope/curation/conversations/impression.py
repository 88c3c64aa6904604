"""impression: the impression out of the findings, M4CXR's "finding_to_impression".

M4CXR asks it in words alone; a record has at least one image, so the first of the study comes too.
"""

from collections.abc import Iterator

from diascope.curation.conversations._reports import asked, section, text_of
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study

_QUESTION = (
    "The 'Findings' section of a chest x-ray radiology report is given: {findings} Please write "
    "the 'Impression' section based on the 'Findings' section."
)


def _make(study: Study) -> Iterator[Talk | Lack]:
    findings, impression = section(study, "findings"), section(study, "impression")
    if findings is None or impression is None:
        yield Lack("not both of findings and impression")
        return
    turn = asked(impression, _QUESTION.format(findings=text_of(findings)))
    yield Talk(study.records[0], study.images[:1], (turn,))


FORM = Form(
    name="impression",
    about="the impression of the report, out of its findings",
    needs="findings and impression of a report",
    make=_make,
)
