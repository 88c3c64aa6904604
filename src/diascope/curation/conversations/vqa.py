"""vqa: a question about an image as somebody asked it, M4CXR's "vqa"."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._questions import is_question
from diascope.curation.conversations._reports import asked
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Record, Turn

_QUESTION = "Answer the question. {question}"


def _make(study: Study) -> Iterator[Talk | Lack]:
    found = [record for record in study.records if is_question(record)]
    for record in found:
        yield Talk(record, record.images, tuple(_turns(record)), record.context)
    if not found:
        yield Lack("no question about the images")


def _turns(record: Record) -> Iterator[Turn]:
    for turn in record.turns:
        yield asked(turn, _QUESTION.format(question=turn.question), turn.image)


FORM = Form(
    name="vqa",
    about="a question about the image",
    needs="questions with answers",
    make=_make,
    m4cxr=MappingProxyType(
        {"mimic_cxr_vqa": "mimicvqa_vqa", "mimic_diff_vqa": "mimiccxr_diff_vqa"}
    ),
    of_chests=False,
)
