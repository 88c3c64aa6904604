"""What the four formats of labelled boxes share: which boxes are written, and how text is trusted.

A format adds how a list of boxes is spelt, read and narrowed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from diascope.answers import Box, Boxes
from diascope.codecs.codec import ParseError
from diascope.codecs.grid import Cells, Grid
from diascope.codecs.names import check_known
from diascope.errors import InputError


class Placed(NamedTuple):
    """A labelled box as the numbers that spell it."""

    label: str
    cells: Cells


class BoxListCodec(ABC):
    """Boxes in the order given: what the canvas shows of them, each once, at most `limit`."""

    labels: tuple[str, ...]
    limit: int

    @property
    @abstractmethod
    def grid(self) -> Grid:
        """The steps that the boxes are written in."""

    @abstractmethod
    def write(self, boxes: tuple[Placed, ...]) -> str:
        """The text of boxes that are legal, distinct and in order."""

    @abstractmethod
    def read(self, text: str) -> tuple[Placed, ...]:
        """The boxes in a text that `write` wrote; anything or a ParseError from another one."""

    def encode(self, answer: Boxes, /) -> str:
        """The text of the boxes that the canvas shows."""
        return self.write(self._placed(answer))

    def parse(self, text: str, /) -> Boxes:
        """The boxes, in pixels of the original image."""
        boxes = self.read(text)
        if not self._are_legal(boxes) or self.write(boxes) != text:
            raise ParseError(f"not a list of boxes as this format writes it: {text[:80]!r}")
        return self._answer(boxes)

    def snap(self, answer: Boxes, /) -> Boxes:
        """Clipped to the canvas, at least one step wide, each box once, the first `limit`."""
        return self._answer(self._placed(answer))

    def ordered(self, boxes: tuple[Placed, ...]) -> tuple[Placed, ...]:
        """The boxes in the order in which the format writes them: as given."""
        return boxes

    def _placed(self, answer: Boxes) -> tuple[Placed, ...]:
        check_known((box.label for box in answer.boxes), self.labels)
        placed = ((box.label, self.grid.cells(box.corners)) for box in answer.boxes)
        once = dict.fromkeys(Placed(label, cells) for label, cells in placed if cells is not None)
        return self.ordered(tuple(once)[: self.limit])

    def _are_legal(self, boxes: tuple[Placed, ...]) -> bool:
        return (
            len(boxes) <= self.limit
            and len(set(boxes)) == len(boxes)
            and all(box.label in self.labels and self.grid.holds(box.cells) for box in boxes)
            and self.ordered(boxes) == boxes
        )

    def _answer(self, boxes: Iterable[Placed]) -> Boxes:
        return Boxes(boxes=tuple(self._box(box) for box in boxes))

    def _box(self, box: Placed) -> Box:
        x0, y0, x1, y1 = map(float, self.grid.rect(box.cells))
        return Box(label=box.label, x0=x0, y0=y0, x1=x1, y1=y1)


class ByLabel(BoxListCodec):
    """Boxes grouped by label, in the label set's order, and within a label as given."""

    def ordered(self, boxes: tuple[Placed, ...]) -> tuple[Placed, ...]:
        """Grouped by label."""
        return tuple(sorted(boxes, key=lambda box: self.labels.index(box.label)))


def check_limit(limit: int) -> None:
    """InputError unless there may be at least one object."""
    if limit < 1:
        raise InputError(f"a list of objects needs room for one, not {limit}")
