"""dialogue: a dialogue as it is, M4CXR's "radialog"; RaDialog's reports (RG) are none."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._questions import is_dialogue
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study


def _make(study: Study) -> Iterator[Talk | Lack]:
    found = [record for record in study.records if is_dialogue(record)]
    for record in found:
        yield Talk(record, record.images, record.turns, record.context)
    if not found:
        yield Lack("no dialogue")


FORM = Form(
    name="dialogue",
    about="a dialogue about the image, in its own words",
    needs="records whose turns follow on each other",
    make=_make,
    m4cxr=MappingProxyType({"radialog": "radialog"}),
    of_chests=False,
)
