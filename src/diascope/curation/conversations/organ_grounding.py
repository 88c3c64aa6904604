"""organ_grounding: where an organ is, M4CXR's "o_ground"; boxes are those round its outlines."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._regions import MOST, of_each_image, organs
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn
from diascope.sources import turns

_QUESTION = "Provide the bounding box coordinates of {organ} in the radiology image."


def _ask(study: Study, image: Image) -> list[Turn]:
    return [
        turns.where(organ, organ, boxes, MOST).model_copy(
            update={"question": _QUESTION.format(organ=organ)}
        )
        for organ, boxes in organs(study, image).items()
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no organ that is outlined")


FORM = Form(
    name="organ_grounding",
    about="the boxes of an organ; a grounding",
    needs="outlines of lungs, heart or clavicles",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType(
        {
            "covid19_radiography": "covid19_loc_o_ground",
            "covid_qu_ex": "covid_qu_loc_o_ground",
        }
    ),
)
