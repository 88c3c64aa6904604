"""grounded_phrase: what the report says of a region, M4CXR's "grounded_p".

All that is said of the same boxes is one answer, since the question cannot tell the sentences
apart.
"""

from collections import defaultdict
from collections.abc import Iterator
from types import MappingProxyType

from diascope.answers import Box, Boxes
from diascope.curation.conversations._regions import name_of, of_each_image, phrases
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.geometry import Rect
from diascope.records import Image, Turn

_QUESTION = "Provide a radiology report phrase for the region. {bbox}."
_MOST_CHARS = 4000


def _ask(study: Study, image: Image) -> list[Turn]:
    said: dict[tuple[Rect, ...], list[str]] = defaultdict(list)
    where: dict[tuple[Rect, ...], tuple[Box, ...]] = {}
    for phrase in phrases(study, image):
        if isinstance(phrase.turn.answer, Boxes):
            place = tuple(box.corners for box in phrase.turn.answer.boxes)
            said[place].append(phrase.words)
            where[place] = phrase.turn.answer.boxes
    return [
        name_of(_QUESTION, boxes, " ".join(said[place]), image.size, _MOST_CHARS)
        for place, boxes in where.items()
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no sentence that is boxed")


FORM = Form(
    name="grounded_phrase",
    about="the sentence of a region that the question spells; words, with the region as evidence",
    needs="boxes of sentences",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType(
        {"ms_cxr": "mscxr_grounded_p", "chest_imagenome": "imagenome_grounded_p"}
    ),
)
