"""multi_view_report: M4CXR's chain of thought over all images of a study."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._chain import chain
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study

_MOST_IMAGES = 5


def _make(study: Study) -> Iterator[Talk | Lack]:
    count = len(study.images)
    if not 2 <= count <= _MOST_IMAGES:
        yield Lack("one image only" if count < 2 else f"more than {_MOST_IMAGES} images")
        return
    said = chain(study, "the radiology images")
    yield said if isinstance(said, Lack) else Talk(study.records[0], study.images, said)


FORM = Form(
    name="multi_view_report",
    about="which findings are there, then the report, of all images of a study together",
    needs="two to five images, labels and a findings section",
    make=_make,
    m4cxr=MappingProxyType({"mimic_cxr": "mimiccxr_multi_image_cot_prompting"}),
)
