"""finding_grounding: is a finding there, and where, M4CXR's "f_ground"."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._labels import in_lower_case
from diascope.curation.conversations._regions import find, findings, of_each_image, relabelled
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = (
    "Is {finding} present in the radiology image? If so, provide the bounding box coordinates of "
    "the region."
)


def _ask(study: Study, image: Image) -> list[Turn]:
    places = findings(study, image)
    return [
        find(_QUESTION.format(finding=name), (name,), relabelled(places[label], name))
        for label, name in in_lower_case(tuple(places)).items()
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no finding that is boxed, or known to be absent")


FORM = Form(
    name="finding_grounding",
    about="whether each finding is there, and its boxes; a detection of one label a turn",
    needs="boxes or outlines of findings",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType(
        {
            "vindr_cxr": "vinbig_loc_f_ground",
            "nih_cxr14": "nih_loc_f_ground",
            "chestx_det": "chestx_det_loc_f_ground",
            "jsrt": "jsrt_loc_f_ground",
            "siim_pneumothorax": "siim_loc_f_ground",
            "rsna_pneumonia": "rsna_loc_f_ground",
            "covid_qu_ex": "covid_qu_loc_f_ground",
            "qata_cov19": "qata_loc_f_ground",
        }
    ),
)
