"""The turns that a frontal radiograph, a lateral and a prior study answer.

Sides are the patient's own: the patient's left is on the right of the image. An uncertain finding
is asked for as a label, in the findings list and in the report, and nowhere else.
"""

import numpy as np

from diascope.answers import (
    Box,
    Boxes,
    Choice,
    Finding,
    Findings,
    Labels,
    Mask,
    Masks,
    Number,
    Point,
    Text,
)
from diascope.expectations import (
    BoxSpace,
    FindingList,
    Free,
    LabelSet,
    MaskSpace,
    Options,
    Range,
)
from diascope.geometry import Rect, Size, intersect
from diascope.records import Turn
from diascope.sources._phantom.canvas import VERTICES
from diascope.sources._phantom.chest import KINDS, LUNG_KINDS, ChestStudy, Kind, Lesion
from diascope.sources._phantom.radiograph import Radiograph
from diascope.sources._phantom.words import (
    CHANGES,
    DEPTHS,
    REPORT_CHARS,
    SIDES,
    YES_NO,
    a,
    ask,
    closed,
    how_many,
    opened,
    report,
)

_BOXED: tuple[Kind, ...] = ("nodule", "nodule, calcified", "device")
_BOUNDED: tuple[Kind, ...] = ("nodule", "nodule, calcified", "opacity", "device")
_SIDED: tuple[Kind, ...] = ("nodule", "opacity", "effusion", "pneumothorax", "device")
_PLACED: tuple[Kind, ...] = ("nodule", "opacity")
_CHANGING: tuple[Kind, ...] = ("nodule", "opacity", "effusion")
_STILL = 1.06
_CHANGED = 1.2


def box_within(label: str, rect: Rect, size: Size) -> Box:
    """The part of a rectangle inside the image, to a tenth of a pixel."""
    inside = intersect(rect, (0.0, 0.0, float(size.width), float(size.height)))
    x0, y0, x1, y1 = (round(number, 1) for number in inside)
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)


def mask_within(label: str, outline: tuple[Point, ...], size: Size) -> Mask:
    """A polygon whose vertices are moved inside the image, to a tenth of a pixel."""
    points = tuple(
        (round(min(max(x, 0.0), size.width), 1), round(min(max(y, 0.0), size.height), 1))
        for x, y in outline
    )
    return Mask(label=label, polygon=points)


def frontal_turns(
    study: ChestStudy, drawn: Radiograph, size: Size, rng: np.random.Generator
) -> tuple[Turn, ...]:
    """Every single question about one frontal radiograph."""
    turns = [_labels(study), _ratio(study), _report_turn(study)]
    turns += _main_finding(study, rng) + _outline(study, drawn, size)
    if not {"nodule", "nodule, calcified"} & study.faint:
        turns.append(_detection(study, drawn, size))
    turns += _grounding(study, drawn, size, rng)
    questions = _vqa(study, rng)
    chosen = rng.permutation(len(questions))[:3]
    return (*turns, *(questions[index] for index in chosen))


def conversation(study: ChestStudy) -> tuple[Turn, Turn]:
    """Findings first, then the report."""
    findings = tuple(
        Finding(name=kind, status="uncertain" if kind in study.faint else "present")
        if study.of(kind)
        else Finding(name=kind, status="absent")
        for kind in KINDS
    )
    first = ask(
        "multilabel", "List the findings.", FindingList(names=KINDS), Findings(findings=findings)
    )
    return first, _report_turn(study)


def lateral_turns(study: ChestStudy) -> tuple[Turn, ...]:
    """What only the second image, the lateral, can tell."""
    return tuple(
        closed(
            f"Is the {kind} in the front or in the back?",
            DEPTHS,
            "front" if lesion.depth < 0 else "back",
            image=1,
        )
        for kind in _PLACED
        if (lesion := _only(study, kind))
    )


def change_turns(before: ChestStudy, now: ChestStudy, rng: np.random.Generator) -> tuple[Turn, ...]:
    """What became of one finding since the prior study."""
    changes = [
        closed(f"How has the {kind} changed?", CHANGES, change)
        for kind in _CHANGING
        if (change := _change(before, now, kind))
    ]
    return tuple(changes[index] for index in rng.permutation(len(changes))[:1])


def _change(before: ChestStudy, now: ChestStudy, kind: Kind) -> str | None:
    """None where nothing clear can be said."""
    old, new = before.of(kind), now.of(kind)
    if kind in before.faint | now.faint or len(old) > 1 or len(new) > 1 or not old + new:
        return None
    if not old or not new:
        return "new" if new else "gone"
    factor = new[0].size / old[0].size
    if 1 / _STILL < factor < _STILL:
        return "unchanged"
    if factor > _CHANGED:
        return "larger"
    return "smaller" if factor < 1 / _CHANGED else None


def _labels(study: ChestStudy) -> Turn:
    present = tuple(kind for kind in KINDS if study.of(kind) and kind not in study.faint)
    uncertain = tuple(kind for kind in KINDS if kind in study.faint)
    absent = tuple(kind for kind in KINDS if not study.of(kind))
    answer = Labels(present=present, absent=absent, uncertain=uncertain)
    return ask("multilabel", "Which findings are there?", LabelSet(labels=KINDS), answer)


def _ratio(study: ChestStudy) -> Turn:
    value = round(100 * study.anatomy.heart_ratio, 1)
    expects = Range(low=30, high=75, decimals=1, unit="%")
    answer = Number(value=value, unit="%")
    return ask("regression", "What is the cardiothoracic ratio?", expects, answer)


def _report_turn(study: ChestStudy) -> Turn:
    text = Text(text=report(study))
    return ask("report", "Write the report.", Free(max_chars=REPORT_CHARS), text)


def _main_finding(study: ChestStudy, rng: np.random.Generator) -> list[Turn]:
    """Asked where at most one kind of lung finding is there, and it is sure."""
    kinds = [kind for kind in LUNG_KINDS if study.of(kind)]
    letters = rng.random() < 0.3
    if len(kinds) > 1 or study.faint:
        return []
    expects = Options(options=("normal", *LUNG_KINDS), style="letters" if letters else "texts")
    answer = Choice(option=kinds[0] if kinds else "normal")
    return [ask("classification", "What is the main finding?", expects, answer)]


def _outline(study: ChestStudy, drawn: Radiograph, size: Size) -> list[Turn]:
    lesion = _only(study, "opacity")
    if lesion is None:
        return []
    mask = mask_within("opacity", drawn.outlines[lesion.number], size)
    expects = MaskSpace(labels=("opacity",), limit=1, vertices=VERTICES)
    return [ask("segmentation", "Outline the opacity.", expects, Masks(masks=(mask,)))]


def _detection(study: ChestStudy, drawn: Radiograph, size: Size) -> Turn:
    boxes = tuple(
        box_within(lesion.kind, drawn.boxes[lesion.number], size)
        for lesion in study.lesions
        if lesion.kind in _BOXED
    )
    expects = BoxSpace(labels=_BOXED, limit=5)
    return ask("detection", "Find every nodule and device.", expects, Boxes(boxes=boxes[:5]))


def _grounding(
    study: ChestStudy, drawn: Radiograph, size: Size, rng: np.random.Generator
) -> list[Turn]:
    """One phrase that fits exactly one thing; the heart only where nothing else does."""
    phrases: list[tuple[str, Kind | str, Rect]] = []
    for kind in _BOUNDED:
        lesions = () if kind in study.faint else study.of(kind)
        noun = "calcified nodule" if kind == "nodule, calcified" else kind
        for lesion in lesions:
            if len(lesions) == 1:
                phrases.append((f"the {noun}", kind, drawn.boxes[lesion.number]))
            elif sum(lesion.side == other.side for other in lesions) == 1:
                phrases.append((f"the {lesion.side} {noun}", kind, drawn.boxes[lesion.number]))
    if not phrases:
        phrases.append(("the heart", "heart", drawn.heart))
    phrase, label, rect = phrases[int(rng.integers(len(phrases)))]
    answer = Boxes(boxes=(box_within(label, rect, size),))
    return [ask("grounding", f"Where is {phrase}?", BoxSpace(labels=(label,), limit=1), answer)]


def _vqa(study: ChestStudy, rng: np.random.Generator) -> list[Turn]:
    turns = [_is_there(study, rng)]
    turns.append(closed("Is the heart enlarged?", YES_NO, "yes" if study.enlarged else "no"))
    for kind in _SIDED:
        if lesion := _only(study, kind):
            turns.append(closed(f"On which side is the {kind}?", SIDES, lesion.side))
    for kind in _PLACED:
        if lesion := _only(study, kind):
            turns.append(opened(f"Where is the {kind}?", f"{lesion.zone} {lesion.side}"))
    if "nodule" not in study.faint:
        turns.append(how_many("nodules", len(study.of("nodule"))))
    return turns


def _is_there(study: ChestStudy, rng: np.random.Generator) -> Turn:
    """Yes and no are equally likely, whatever the patient has."""
    sure = [kind for kind in KINDS if kind != "nodule, calcified" and kind not in study.faint]
    yes = rng.random() < 0.5
    fitting = [kind for kind in sure if bool(study.of(kind)) == yes] or sure
    kind = fitting[int(rng.integers(len(fitting)))]
    return closed(f"Is there {a(kind)}?", YES_NO, "yes" if study.of(kind) else "no")


def _only(study: ChestStudy, kind: Kind) -> Lesion | None:
    """The one sure finding of a kind, if there is exactly one."""
    lesions = study.of(kind)
    return lesions[0] if len(lesions) == 1 and kind not in study.faint else None
