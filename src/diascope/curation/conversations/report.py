"""report: what is found in one image, M4CXR's "mrg"."""

from collections.abc import Iterator

from diascope.curation.conversations._reports import of_each_image
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study

_QUESTION = "Provide a description of the findings in the radiology image."


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _QUESTION)


FORM = Form(
    name="report",
    about="the findings of the report, of every image by itself",
    needs="a findings section",
    make=_make,
)
