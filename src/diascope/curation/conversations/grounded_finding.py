"""grounded_finding: which finding is in a region, M4CXR's "grounded_f".

Of several boxes of a finding the largest is asked; one that two findings share is not asked.
"""

from collections import Counter
from collections.abc import Iterator
from types import MappingProxyType

from diascope.answers import Box
from diascope.curation.conversations._labels import in_lower_case
from diascope.curation.conversations._regions import findings, name_of, of_each_image
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.geometry import area
from diascope.records import Image, Turn

_QUESTION = "Provide a finding name for this region. {bbox}"


def _ask(study: Study, image: Image) -> list[Turn]:
    places = findings(study, image)
    spelt = in_lower_case(tuple(places))
    largest = {spelt[label]: _largest(boxes) for label, boxes in places.items() if boxes}
    shared = Counter(box.corners for box in largest.values())
    return [
        name_of(_QUESTION, [box.model_copy(update={"label": name})], name, image.size)
        for name, box in largest.items()
        if shared[box.corners] == 1
    ]


def _largest(boxes: tuple[Box, ...]) -> Box:
    return max(boxes, key=lambda box: area(box.corners))


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no finding that is boxed by itself")


FORM = Form(
    name="grounded_finding",
    about="the finding in a region that the question spells; words, with the region as evidence",
    needs="boxes or outlines of findings",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType(
        {
            "vindr_cxr": "vinbig_loc_grounded_f",
            "chestx_det": "chestx_det_loc_grounded_f",
            "jsrt": "jsrt_loc_grounded_f",
            "siim_pneumothorax": "siim_loc_grounded_f",
            "rsna_pneumonia": "rsna_loc_grounded_f",
            "covid_qu_ex": "covid_qu_loc_grounded_f",
            "qata_cov19": "qata_loc_grounded_f",
        }
    ),
)
