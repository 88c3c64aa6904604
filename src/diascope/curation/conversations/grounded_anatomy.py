"""grounded_anatomy: which region of the anatomy a box is, M4CXR's "grounded_a"."""

from collections import Counter
from collections.abc import Iterator
from types import MappingProxyType

from diascope.answers import Boxes
from diascope.curation.conversations._regions import name_of, of_each_image, regions, spelt
from diascope.curation.conversations.form import Form, Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.records import Image, Turn

_QUESTION = "Provide an anatomical region name for this region. {bbox}"


def _ask(study: Study, image: Image) -> list[Turn]:
    """Regions that are spelt alike cannot be told apart and are not asked."""
    boxes = {
        name: turn.answer.boxes
        for name, turn in regions(study, image).items()
        if isinstance(turn.answer, Boxes)
    }
    shared = Counter(spelt(each, image.size) for each in boxes.values())
    return [
        name_of(_QUESTION, each, name, image.size)
        for name, each in boxes.items()
        if shared[spelt(each, image.size)] == 1
    ]


def _make(study: Study) -> Iterator[Talk | Lack]:
    return of_each_image(study, _ask, "no region of the anatomy that is boxed by itself")


FORM = Form(
    name="grounded_anatomy",
    about="the anatomy in a region that the question spells; words, with the region as evidence",
    needs="boxes of regions of the anatomy",
    make=_make,
    shuffled=True,
    m4cxr=MappingProxyType({"chest_imagenome": "imagenome_grounded_a"}),
)
