"""Boxes as JSON grouped by label: an object with one list of boxes a label."""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from diascope.codecs.digits import following
from diascope.codecs.grammar import Allowed, Grammar, Literal, Node, Repeat, Sequence
from diascope.codecs.grid import Grid
from diascope.codecs.json_text import FOUR, STRING, JsonNumbers, quoted
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either, some_in_order
from diascope.codecs.objects import ByLabel, Placed, check_limit
from diascope.geometry import BoxFormat, CanvasMap

EMPTY = "{}"
_PIECE = re.compile(rf"(?:\{{|\],)({STRING}):\[|,?({FOUR})")


class _Parts(NamedTuple):
    """The whole pieces that a text begins with: boxes, the label at work, and what is left."""

    boxes: tuple[Placed, ...]
    label: str | None
    rest: str


@dataclass(frozen=True)
class InstancesJson(ByLabel):
    """`{"RBC":[[1,2,3,4],[5,6,7,8]],"WBC":[[...]]}`, labels in the set's order, or `{}`."""

    canvas: CanvasMap
    labels: tuple[str, ...]
    limit: int
    format: BoxFormat

    def __post_init__(self) -> None:
        check_names(self.labels)
        check_limit(self.limit)

    def grammar(self) -> Grammar:
        """Labels in order, each with its boxes; narrowed to `limit` in all, and no box twice."""
        box = self._numbers.box_node()
        more = Repeat(Sequence((Literal(","), box)), 0, self.limit - 1)
        groups = tuple(self._group(label, box, more) for label in self.labels)
        some = Sequence((Literal("{"), some_in_order(groups, Literal(",")), Literal("}")))
        return Grammar(either(some, Literal(EMPTY)), self._narrow)

    def write(self, boxes: tuple[Placed, ...]) -> str:
        """One label after the other, each with all of its boxes."""
        groups = (
            f"{quoted(label)}:[{','.join(self._numbers.spell(box.cells) for box in group)}]"
            for label, group in groupby(boxes, lambda box: box.label)
        )
        return f"{{{','.join(groups)}}}"

    def read(self, text: str) -> tuple[Placed, ...]:
        """The boxes from the start on, as far as the text is labels and boxes."""
        return self._split(text).boxes

    @cached_property
    def grid(self) -> Grid:
        """The steps of the format."""
        return Grid(self.canvas, self.format)

    def _group(self, label: str, box: Node, more: Node) -> Node:
        return Sequence((Literal(f"{quoted(label)}:["), box, more, Literal("]")))

    def _split(self, text: str) -> _Parts:
        boxes: list[Placed] = []
        label, at = None, 0
        while match := _PIECE.match(text, at):
            if match[1]:
                label = self._spelt.get(match[1], match[1])
            elif label is not None:
                boxes.append(Placed(label, self._numbers.read_box(match[2])))
            at = match.end()
        return _Parts(tuple(boxes), label, text[at:])

    def _narrow(self, prefix: str) -> Allowed:
        boxes, label, typed = self._split(prefix)
        if label is None:
            return self._heads(typed, "{", self.labels)
        used = [box.cells for box in boxes if box.label == label]
        full = len(boxes) >= self.limit
        if typed.startswith("]"):
            later = () if full else self.labels[self.labels.index(label) + 1 :]
            return self._heads(typed, "],", later)
        if typed.startswith("[") or not used:
            return Allowed(self._numbers.following(typed, used))
        if typed:
            return Allowed(self._numbers.following(typed.removeprefix(","), used))
        more = not full and len(used) < self.grid.completions(())
        return Allowed(frozenset(",]" if more else "]"))

    def _heads(self, typed: str, before: str, labels: tuple[str, ...]) -> Allowed:
        """The next label, or the end."""
        end = before.removesuffix(",") + "}"
        heads = [f"{before}{quoted(label)}:[" for label in labels]
        return Allowed(following(typed, [*heads, end]), end=typed == end)

    @cached_property
    def _numbers(self) -> JsonNumbers:
        return JsonNumbers(self.grid)

    @cached_property
    def _spelt(self) -> dict[str, str]:
        return {quoted(label): label for label in self.labels}
