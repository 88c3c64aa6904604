"""findings_then_report: M4CXR's chain of thought over one image."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._chain import chain
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study


def _make(study: Study) -> Iterator[Talk | Lack]:
    for image in study.images:
        shown = study.showing(image)
        said = chain(shown, "the radiology image")
        yield said if isinstance(said, Lack) else Talk(shown.records[0], (image,), said)


FORM = Form(
    name="findings_then_report",
    about="which findings are there, then the report, of every image by itself",
    needs="labels and a findings section",
    make=_make,
    m4cxr=MappingProxyType({"mimic_cxr": "mimiccxr_single_image_cot_prompting"}),
)
