"""phrase_grounding: where a sentence of the report is, M4CXR's "p_ground"."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._regions import of_each_image, phrases
from diascope.curation.conversations._reports import asked
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = "Provide the bounding box coordinate of the region this phrase describes: {phrase}"


def _ask(study: Study, image: Image) -> list[Turn]:
    return [
        asked(phrase.turn, _QUESTION.format(phrase=phrase.words))
        for phrase in phrases(study, image)
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no sentence that is boxed")


FORM = Form(
    name="phrase_grounding",
    about="the boxes of a sentence; a grounding",
    needs="boxes of sentences",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType({"ms_cxr": "mscxr_p_ground", "chest_imagenome": "imagenome_p_ground"}),
)
