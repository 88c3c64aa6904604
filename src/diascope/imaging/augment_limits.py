"""What may be done to the pictures of a record without making what it says untrue."""

from typing import NamedTuple

from diascope.answers import Text
from diascope.expectations import BoxSpace, Free, Range
from diascope.imaging.augment_answers import has_boxes
from diascope.imaging.augment_words import (
    gives_coordinates,
    has_a_side,
    may_show_a_chest,
    mirrored,
    mirrored_text,
    speaks_of_amount,
    speaks_of_place,
    words,
)
from diascope.records import Record, Turn

LEVEL_DEG = 5.0
"""Turned so far, up is still up, and the box of a turned disc overlaps its true one by 0.85."""


class Limits(NamedTuple):
    """How far the pictures of a record may be moved."""

    is_still: bool
    """Neither turned, scaled nor cropped: counts and measurements, texts that hold coordinates."""
    is_whole: bool
    """Neither cropped nor magnified: what speaks of place or of the largest of several."""
    max_turn_deg: float

    @classmethod
    def of(cls, record: Record) -> "Limits":
        """Told from all turns and context texts: one map serves the whole conversation."""
        texts = spoken(record)
        is_still = any(isinstance(turn.expects, Range) for turn in record.turns) or any(
            speaks_of_amount(text) or gives_coordinates(text) for text in texts
        )
        is_whole = is_still or any(map(speaks_of_place, texts))
        is_level = is_whole or any(map(_is_boxed, record.turns))
        return cls(is_still, is_whole, LEVEL_DEG if is_level else 180.0)


def spoken(record: Record) -> list[str]:
    """What the record says: questions, names offered, answers and context texts."""
    told = [text for turn in record.turns for text in words(turn.model_dump())]
    return told + [context.text for context in record.context]


def flipped(record: Record, flip_chest: bool) -> Record | None:
    """The words of the record for mirrored pictures; None where they would not be true or legal.

    Its metadata say where it comes from and stay as they are, as its geometry does.
    """
    views = [image.view for image in record.images if image.view]
    texts = spoken(record) + views
    if any(has_a_side(text) or gives_coordinates(text) for text in texts):
        return None
    if not flip_chest and may_show_a_chest([record.dataset, *record.metadata.values(), *texts]):
        return None
    turns = tuple(map(mirrored, record.turns))
    if not all(map(_fits, turns)):
        return None
    images = tuple(
        image.model_copy(update={"view": image.view and mirrored_text(image.view)})
        for image in record.images
    )
    context = tuple(map(mirrored, record.context))
    return record.model_copy(update={"turns": turns, "context": context, "images": images})


def _is_boxed(turn: Turn) -> bool:
    return isinstance(turn.expects, BoxSpace) or has_boxes(turn.answer)


def _fits(turn: Turn) -> bool:
    """Whether a text is as short as asked: right is longer than left."""
    if isinstance(turn.expects, Free) and isinstance(turn.answer, Text):
        return len(turn.answer.text) <= turn.expects.max_chars
    return True
