"""The turns that one microscopy field answers; upper and lower are the image's."""

import numpy as np

from diascope.answers import Boxes, Choice, Masks, Number
from diascope.expectations import BoxSpace, MaskSpace, Options, Range
from diascope.geometry import Size
from diascope.records import Turn
from diascope.sources._phantom.blood import CELL_KINDS, SHAPES, CellKind, Field
from diascope.sources._phantom.canvas import VERTICES
from diascope.sources._phantom.chest_questions import box_within, mask_within
from diascope.sources._phantom.microscopy import Micrograph
from diascope.sources._phantom.words import HALVES, YES_NO, a, ask, closed, how_many

_MOST_BOXES = 9
_CLEARLY = 0.08


def field_turns(
    field: Field, drawn: Micrograph, size: Size, rng: np.random.Generator
) -> tuple[Turn, ...]:
    """Every single question about one field."""
    turns = [_count("cells", len(field.cells)), _count("red cells", len(field.of("red cell")))]
    turns += _shape(field, rng) + _instances(field, drawn, size)
    turns += _outline(field, drawn, size) + _grounding(field, drawn, size, rng)
    questions = _vqa(field, rng)
    chosen = rng.permutation(len(questions))[:2]
    return (*turns, *(questions[index] for index in chosen))


def _count(noun: str, count: int) -> Turn:
    expects = Range(low=0, high=20)
    return ask("counting", f"How many {noun} are there?", expects, Number(value=count))


def _shape(field: Field, rng: np.random.Generator) -> list[Turn]:
    letters = rng.random() < 0.3
    if len(field.of("red cell")) < 2:
        return []
    expects = Options(options=SHAPES, style="letters" if letters else "texts")
    question = "What is the shape of the red cells?"
    return [ask("classification", question, expects, Choice(option=field.shape))]


def _instances(field: Field, drawn: Micrograph, size: Size) -> list[Turn]:
    if not 2 <= len(field.cells) <= _MOST_BOXES:
        return []
    boxes = tuple(
        box_within(cell.kind, rect, size)
        for cell, rect in zip(field.cells, drawn.boxes, strict=True)
    )
    expects = BoxSpace(labels=CELL_KINDS, limit=12, by_class=True)
    return [ask("instance_detection", "Find every cell.", expects, Boxes(boxes=boxes))]


def _outline(field: Field, drawn: Micrograph, size: Size) -> list[Turn]:
    if len(drawn.outlines) != 1:
        return []
    (outline,) = drawn.outlines.values()
    expects = MaskSpace(labels=("white cell",), limit=1, vertices=VERTICES)
    answer = Masks(masks=(mask_within("white cell", outline, size),))
    return [ask("segmentation", "Outline the white cell.", expects, answer)]


def _grounding(field: Field, drawn: Micrograph, size: Size, rng: np.random.Generator) -> list[Turn]:
    """One phrase that fits exactly one cell."""
    phrases: list[tuple[str, int]] = []
    for kind in CELL_KINDS:
        numbers = [index for index, cell in enumerate(field.cells) if cell.kind == kind]
        numbers.sort(key=lambda index: field.cells[index].y)
        if len(numbers) == 1:
            phrases.append((f"the {kind}", numbers[0]))
        elif len(numbers) > 1:
            heights = [field.cells[index].y for index in numbers]
            if heights[1] - heights[0] > _CLEARLY:
                phrases.append((f"the highest {kind}", numbers[0]))
            if heights[-1] - heights[-2] > _CLEARLY:
                phrases.append((f"the lowest {kind}", numbers[-1]))
    if not phrases:
        return []
    phrase, number = phrases[int(rng.integers(len(phrases)))]
    label = field.cells[number].kind
    answer = Boxes(boxes=(box_within(label, drawn.boxes[number], size),))
    return [ask("grounding", f"Where is {phrase}?", BoxSpace(labels=(label,), limit=1), answer)]


def _vqa(field: Field, rng: np.random.Generator) -> list[Turn]:
    turns = [_is_there(field, rng)]
    kinds: tuple[CellKind, ...] = ("white cell", "platelet")
    for kind in kinds:
        turns.append(how_many(f"{kind}s", len(field.of(kind))))
        cells = field.of(kind)
        if len(cells) == 1 and abs(cells[0].y / field.height - 0.5) > _CLEARLY:
            half = "upper" if cells[0].y / field.height < 0.5 else "lower"
            question = f"Is the {kind} in the upper or the lower half?"
            turns.append(closed(question, HALVES, half))
    return turns


def _is_there(field: Field, rng: np.random.Generator) -> Turn:
    yes = rng.random() < 0.5
    fitting = [kind for kind in CELL_KINDS if bool(field.of(kind)) == yes] or list(CELL_KINDS)
    kind = fitting[int(rng.integers(len(fitting)))]
    return closed(f"Is there {a(kind)}?", YES_NO, "yes" if field.of(kind) else "no")
