"""abnormality_detection: the boxes of whatever is abnormal, without names, M4CXR's "abn_det".

As in M4CXR, only images with something in them are asked, and only of the kinds that the set boxes
in every image: boxes of single findings would not be all that is abnormal. A device is no
abnormality.
"""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._regions import find, of_each_image, relabelled, searched
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = "Provide the bounding box coordinates of abnormal regions in the radiology image."
_LABEL = "abnormality"
_NORMAL = ("device", "support devices")


def _ask(study: Study, image: Image) -> list[Turn]:
    places = searched(study, image)
    boxes = [box for name, each in places.items() if name.lower() not in _NORMAL for box in each]
    return [find(_QUESTION, (_LABEL,), relabelled(boxes, _LABEL))] if boxes else []


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no abnormality among boxes of every object")


FORM = Form(
    name="abnormality_detection",
    about="the boxes of all that is abnormal; a detection of the label abnormality",
    needs="boxes or outlines of every object of some kinds",
    make=_make,
    m4cxr=MappingProxyType(
        {
            "vindr_cxr": "vinbig_loc_abn_det",
            "chestx_det": "chestx_det_loc_abn_det",
            "jsrt": "jsrt_loc_abn_det",
            "siim_pneumothorax": "siim_loc_abn_det",
            "rsna_pneumonia": "rsna_loc_abn_det",
            "covid_qu_ex": "covid_qu_loc_abn_det",
            "qata_cov19": "qata_loc_abn_det",
        }
    ),
)
