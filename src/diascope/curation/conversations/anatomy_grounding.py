"""anatomy_grounding: where a region of the anatomy is, M4CXR's "a_ground"; 29 regions."""

from collections.abc import Iterator
from types import MappingProxyType

from diascope.curation.conversations._regions import of_each_image, regions
from diascope.curation.conversations._reports import asked
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = "Provide the bounding box coordinate of the anatomical region. {name}"


def _ask(study: Study, image: Image) -> list[Turn]:
    return [
        asked(turn, _QUESTION.format(name=name)) for name, turn in regions(study, image).items()
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no region of the anatomy that is boxed")


FORM = Form(
    name="anatomy_grounding",
    about="the box of a region of the anatomy; a grounding",
    needs="boxes of regions of the anatomy",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType({"chest_imagenome": "imagenome_a_ground"}),
)
