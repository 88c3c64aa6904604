"""difference: a question about what differs between two images, M4CXR's "diff".

The reference comes first. Whether it is the older one, the data does not always tell.
"""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._questions import is_difference
from diascope.curation.conversations._reports import asked
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import PRIOR, Study
from diascope.records import Record

_QUESTION = (
    "Using the provided reference and main radiology images, answer the following question. "
    "{question}"
)


def _make(study: Study) -> Iterator[Talk | Lack]:
    found = [record for record in study.records if is_difference(record)]
    yield from map(_talk, found)
    if not found:
        yield Lack("no question about two images")


def _talk(record: Record) -> Talk:
    """The report of the reference, which some records come with, would answer for the images."""
    main, reference = sorted(record.images, key=lambda image: image.role == PRIOR)
    images = (
        reference.model_copy(update={"role": "reference"}),
        main.model_copy(update={"role": "main"}),
    )
    moved = {record.images.index(reference): 0, record.images.index(main): 1}
    said = tuple(
        asked(turn, _QUESTION.format(question=turn.question), moved[turn.image])
        for turn in record.turns
    )
    return Talk(record, images, said)


FORM = Form(
    name="difference",
    about="what differs between an image and a reference",
    needs="questions about two images, one of them another study's",
    make=_make,
    m4cxr=MappingProxyType({"mimic_diff_vqa": "mimiccxr_diff_vqa_difference"}),
)
