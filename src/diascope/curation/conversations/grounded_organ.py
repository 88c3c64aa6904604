"""grounded_organ: which organ is in a region, M4CXR's "grounded_o"."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._regions import name_of, of_each_image, organs
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = "Provide an organ name for this region. {bbox}"


def _ask(study: Study, image: Image) -> list[Turn]:
    return [
        name_of(_QUESTION, boxes, organ, image.size)
        for organ, boxes in organs(study, image).items()
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no organ that is outlined")


FORM = Form(
    name="grounded_organ",
    about="the organ in a region that the question spells; words, with the region as evidence",
    needs="outlines of lungs, heart or clavicles",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType(
        {
            "covid19_radiography": "covid19_loc_grounded_o",
            "covid_qu_ex": "covid_qu_loc_grounded_o",
        }
    ),
)
