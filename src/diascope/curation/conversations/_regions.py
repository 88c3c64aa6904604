"""Where things are in an image of a study: findings, organs, regions of the anatomy, sentences."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from diascope.answers import Box, Boxes, Mask, Masks, Text
from diascope.curation.conversations._labels import absent_names
from diascope.curation.conversations.form import Lack, Talk
from diascope.curation.conversations.study import Study
from diascope.expectations import BoxSpace, Free, MaskSpace
from diascope.geometry import BoxFormat, Rect, Size
from diascope.records import Image, Turn
from diascope.sources import turns
from diascope.sources._imagenome.graph import REGIONS

MOST = 64
"""Boxes in one answer, the same for every set."""
ORGANS = ("lungs", "left lung", "right lung", "heart", "left clavicle", "right clavicle")
_ANATOMY = frozenset((*REGIONS, *ORGANS))
_FINDERS = ("detection", "instance_detection")
_BEFORE, _AFTER = turns.where("@", "-", ()).question.split("@")
_EVERY = turns.outline("every", ("-",), (), 1).question.removesuffix(".")
_OUTLINE = turns.outline("", ("-",), (), 1).question.removesuffix(".")
_POINTERS = ((_BEFORE, _AFTER), (_OUTLINE, "."))
"""What stands round the name in questions about one thing."""
_QUOTED = re.compile('".+"')
_PERCENT = BoxFormat(space="percent")

Ask = Callable[[Study, Image], Sequence[Turn]]
Places = Mapping[str, tuple[Box, ...]]
"""The boxes of each thing; none says that it was looked for and is not there."""


class Phrase(NamedTuple):
    """A sentence, and the turn that asks where it is."""

    words: str
    turn: Turn


def of_each_image(study: Study, ask: Ask, lack: str) -> Iterator[Talk | Lack]:
    """A conversation about every image that anything can be asked of."""
    for image in study.images:
        shown = study.showing(image)
        said = tuple(ask(shown, image))
        yield Talk(shown.records[0], (image,), said) if said else Lack(lack)


def searched(study: Study, image: Image) -> Places:
    """The findings that somebody looked for in the whole image, in the set's spelling."""
    found: dict[str, tuple[Box, ...]] = {}
    for turn in study.turns_in(image):
        for name, boxes in _complete(turn).items():
            found.setdefault(name, boxes)
    return found


def findings(study: Study, image: Image) -> Places:
    """The findings of which it is known where they are, or that they are not there, by name.

    Of one that the set looks for in whole images, only that counts: readers may contradict its
    label. Of any other, what is pointed at counts, and a label that is absent, if the set points at
    it elsewhere: of others the answer would always be no.
    """
    found: dict[str, tuple[Box, ...]] = {}
    for turn in study.turns_in(image):
        for name, boxes in _pointed_at(turn).items():
            found[name] = found.get(name, ()) + boxes
    absent = (name for name in absent_names(study) if name in study.data_set.located)
    others = dict.fromkeys(absent, ()) | found
    known = {name: boxes for name, boxes in others.items() if name not in study.data_set.searched}
    known |= searched(study, image)
    return {name: known[name] for name in sorted(known)}  # any other order would tell the answer


def organs(study: Study, image: Image) -> Places:
    """The organs that are outlined."""
    found: dict[str, tuple[Box, ...]] = {}
    for turn in study.turns_in(image):
        if isinstance(turn.answer, Masks):
            named = {mask.label for mask in turn.answer.masks} & set(ORGANS)
            found |= {name: _around(turn.answer, name) for name in ORGANS if name in named}
    return {name: boxes for name, boxes in found.items() if boxes}


def regions(study: Study, image: Image) -> dict[str, Turn]:
    """The turns that ask where a region of the anatomy is, by its name."""
    return {
        name: turn
        for turn in study.turns_in(image)
        for name in _labels(turn)
        if turn.question == f"{_BEFORE}the {name}{_AFTER}" and name in REGIONS and _boxes(turn)
    }


def phrases(study: Study, image: Image) -> Iterator[Phrase]:
    """The sentences of a report that are boxed; one that a plain name stands for is none."""
    for turn in study.turns_in(image):
        words = turn.question.removeprefix(_BEFORE).removesuffix(_AFTER)
        if turn.task == "grounding" and _QUOTED.fullmatch(words) and _boxes(turn):
            yield Phrase(words[1:-1], turn)


def searched_names(turn: Turn) -> Iterable[str]:
    """The findings that the turn asks for in the whole image."""
    return _complete(turn)


def located_names(turn: Turn) -> Iterator[str]:
    """The findings that the turn's answer boxes or outlines."""
    for name, boxes in (_complete(turn) | _pointed_at(turn)).items():
        if boxes:
            yield name


def find(
    question: str, labels: Sequence[str], boxes: Sequence[Box], by_class: bool = False
) -> Turn:
    """A detection; no box says that nothing is there."""
    space = BoxSpace(labels=tuple(labels), limit=MOST, by_class=by_class)
    answer = Boxes(boxes=tuple(boxes))
    return Turn(task="detection", question=question, expects=space, answer=answer)


def name_of(question: str, boxes: Sequence[Box], name: str, size: Size, most: int = 200) -> Turn:
    """What is in a region that the question spells in place of {bbox}, in `most` characters.

    The answer is words; the region itself is their evidence, in pixels of the original image.
    """
    asked = question.format(bbox=spelt(boxes, size))
    answer = Text(text=name, evidence=Boxes(boxes=tuple(boxes)))
    return Turn(task="vqa", question=asked, expects=Free(max_chars=most), answer=answer)


def spelt(boxes: Sequence[Box], size: Size) -> str:
    """Boxes in words as M4CXR writes them: [x0,y0,x1,y1], whole percent, joined by commas.

    Percent of width and of height, where M4CXR, which crops its images square, has percent of the
    shorter side. Rounded outwards, so that no box is without area.
    """
    return ", ".join(_spelt(_PERCENT.write(box.corners, size)) for box in boxes)


def relabelled(boxes: Sequence[Box], label: str) -> tuple[Box, ...]:
    """The boxes under another label, equal ones once."""
    named = (box.model_copy(update={"label": label}) for box in boxes)
    return tuple(dict.fromkeys(named))


def _spelt(rect: Rect) -> str:
    low = [max(0, math.floor(side)) for side in rect[:2]]
    high = [min(100, math.ceil(side)) for side in rect[2:]]
    return f"[{','.join(map(str, low + high))}]"


def _complete(turn: Turn) -> dict[str, tuple[Box, ...]]:
    """Of a turn that asks for all objects of some kinds: the boxes of each kind."""
    if turn.task in _FINDERS or turn.question.startswith(_EVERY):
        return _by_finding(turn)
    return {}


def _pointed_at(turn: Turn) -> dict[str, tuple[Box, ...]]:
    """Of a turn that asks where the one thing of a kind is: its boxes."""
    names = _by_finding(turn)
    words = turn.question.lower()
    asked = {f"{each}the {name}{end}".lower() for name in names for each, end in _POINTERS}
    return names if len(names) == 1 and words in asked else {}


def _by_finding(turn: Turn) -> dict[str, tuple[Box, ...]]:
    names = [name for name in _labels(turn) if name.lower() not in _ANATOMY]
    match turn.answer:
        case Boxes(boxes=boxes):
            return {name: tuple(box for box in boxes if box.label == name) for name in names}
        case Masks() as masks:
            return {name: _around(masks, name) for name in names}
        case _:
            return {}


def _labels(turn: Turn) -> tuple[str, ...]:
    return turn.expects.labels if isinstance(turn.expects, BoxSpace | MaskSpace) else ()


def _boxes(turn: Turn) -> tuple[Box, ...]:
    return turn.answer.boxes if isinstance(turn.answer, Boxes) else ()


def _around(masks: Masks, name: str) -> tuple[Box, ...]:
    return tuple(_bounds(mask) for mask in masks.masks if mask.label == name and _has_area(mask))


def _has_area(mask: Mask) -> bool:
    x0, y0, x1, y1 = mask.bounds
    return x0 < x1 and y0 < y1


def _bounds(mask: Mask) -> Box:
    x0, y0, x1, y1 = mask.bounds
    return Box(label=mask.label, x0=x0, y0=y0, x1=x1, y1=y1)
