"""follow_up_report: M4CXR's chain of thought over a study and the one before it.

Images are in the order of time, those of the study before first; its findings come as a text. A
history is two studies long, so that a patient of n studies gives n - 1 conversations.
"""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._chain import chain
from diascope.curation.conversations._reports import findings_section, text_of
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import PRIOR, Study
from diascope.records import Context

_MOST_IMAGES = 10
_WHERE = "the current follow-up radiology images"
_ORDER = "The radiology studies are given in chronological order. "


def _make(study: Study) -> Iterator[Talk | Lack]:
    if study.prior is None:
        yield Lack("no study before it with a report")
        return
    yield _talk(study, study.prior)


def _talk(study: Study, prior: Study) -> Talk | Lack:
    before = findings_section(prior)
    if before is None:
        return Lack("no findings section of the study before it")
    older = tuple(image.model_copy(update={"role": PRIOR}) for image in prior.images)
    if len(older) + len(study.images) > _MOST_IMAGES:
        return Lack(f"more than {_MOST_IMAGES} images")
    said = chain(study, _WHERE, _ORDER, image=len(older))
    if isinstance(said, Lack):
        return said
    name = prior.records[0].study
    told = Context(role="prior radiology report", text=text_of(before), study=name)
    return Talk(study.records[0], older + study.images, said, (told,))


FORM = Form(
    name="follow_up_report",
    about="which findings are there, then the report, given the images and findings before",
    needs="a study before it, ten images at most, labels, and findings sections of both",
    make=_make,
    m4cxr=MappingProxyType({"mimic_cxr": "mimiccxr_multi_study_cot_prompting"}),
)
