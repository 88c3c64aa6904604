"""report_with_indication: what is found, told why the image was made, M4CXR's "mrg_w_i"."""

from collections.abc import Iterator

from diascope.curation.conversations._reports import indication, of_each_image
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study

_QUESTION = (
    "Provide a description of the findings in the radiology image given the following "
    "indication: {indication}"
)


def _make(study: Study) -> Iterator[Talk | Lack]:
    told = indication(study)
    if told is None:
        yield Lack("no indication")
        return
    yield from of_each_image(study, _QUESTION.format(indication=told))


FORM = Form(
    name="report_with_indication",
    about="the findings of the report, given the indication",
    needs="a findings section and an indication",
    make=_make,
)
