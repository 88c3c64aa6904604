"""multi_finding_grounding: all findings with their boxes in one answer, M4CXR's "mf_ground"."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._labels import in_lower_case, listed
from diascope.curation.conversations._regions import find, findings, of_each_image, relabelled
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = (
    "Which of the following findings are present in the radiology image? Provide the bounding box "
    "coordinates if present. {findings}"
)


def _ask(study: Study, image: Image) -> list[Turn]:
    places = findings(study, image)
    if not places:
        return []
    spelt = in_lower_case(tuple(places))
    boxes = [box for label, name in spelt.items() for box in relabelled(places[label], name)]
    names = tuple(spelt.values())
    return [find(_QUESTION.format(findings=listed(names)), names, boxes, by_class=True)]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no finding that is boxed, or known to be absent")


FORM = Form(
    name="multi_finding_grounding",
    about="the boxes of all findings; one detection, a list for each label",
    needs="boxes or outlines of findings",
    make=_make,
    m4cxr=MappingProxyType(
        {
            "nih_cxr14": "nih_loc_mf_ground",
            "vindr_cxr": "vinbig_loc_mf_ground",
            "chestx_det": "chestx_det_loc_mf_ground",
        }
    ),
)
