"""Boxes as JSON: a list of objects, each with four numbers and a label."""

import re
from dataclasses import dataclass
from functools import cached_property

from diascope.codecs.digits import following
from diascope.codecs.grammar import Allowed, Grammar, Literal, Repeat, Sequence
from diascope.codecs.grid import Grid
from diascope.codecs.json_text import FOUR, STRING, JsonNumbers, quoted
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either
from diascope.codecs.objects import BoxListCodec, Placed, check_limit
from diascope.geometry import BoxFormat, CanvasMap

EMPTY = "[]"


@dataclass(frozen=True)
class BoxesJson(BoxListCodec):
    """`[{"box_2d":[1,2,3,4],"label":"x"}]`, compact, or `[]`.

    The numbers follow the format: whole pixels of the original; whole percent, permille or bins of
    the canvas; or, for `unit`, its share with three decimals.
    """

    canvas: CanvasMap
    labels: tuple[str, ...]
    limit: int
    format: BoxFormat
    key: str = "box_2d"

    def __post_init__(self) -> None:
        check_names(self.labels)
        check_names((self.key,))
        check_limit(self.limit)

    def grammar(self) -> Grammar:
        """Up to `limit` boxes; narrowed to boxes with an area, none twice."""
        labels = either(*(Literal(quoted(label)) for label in self.labels))
        head, middle = Literal("{" + quoted(self.key) + ":"), Literal(',"label":')
        box = Sequence((head, self._numbers.box_node(), middle, labels, Literal("}")))
        more = Repeat(Sequence((Literal(","), box)), 0, self.limit - 1)
        boxes = Sequence((Literal("["), box, more, Literal("]")))
        return Grammar(either(boxes, Literal(EMPTY)), self._narrow)

    def write(self, boxes: tuple[Placed, ...]) -> str:
        """One object after the other."""
        return f"[{','.join(map(self._written, boxes))}]"

    def read(self, text: str) -> tuple[Placed, ...]:
        """The objects from the start on, as far as they are objects."""
        return self._split(text)[0]

    @cached_property
    def grid(self) -> Grid:
        """The steps of the format."""
        return Grid(self.canvas, self.format)

    def _written(self, box: Placed) -> str:
        numbers = self._numbers.spell(box.cells)
        return f'{{{quoted(self.key)}:{numbers},"label":{quoted(box.label)}}}'

    def _split(self, text: str) -> tuple[tuple[Placed, ...], str]:
        """The whole objects that the text begins with, and what is left."""
        boxes, at = [], 0
        while match := self._object.match(text, at):
            label = self._spelt.get(match[2], match[2])
            boxes.append(Placed(label, self._numbers.read_box(match[1])))
            at = match.end()
        return tuple(boxes), text[at:]

    def _narrow(self, prefix: str) -> Allowed:
        boxes, typed = self._split(prefix)
        head = ("," if boxes else "[") + "{" + quoted(self.key) + ":"
        end = "]" if boxes else EMPTY
        if not typed.startswith(head):
            more = len(boxes) < min(self.limit, len(self.labels) * self.grid.completions(()))
            return Allowed(following(typed, [head + "[", end][not more :]), end=typed == end)
        typed = typed.removeprefix(head)
        used = [box.cells for box in boxes]
        if "]" not in typed:
            return Allowed(self._numbers.following(typed, used, len(self.labels)))
        return Allowed(self._label(typed, boxes))

    def _label(self, typed: str, boxes: tuple[Placed, ...]) -> frozenset[str]:
        """What may follow a closed list of numbers: a label that it does not have yet."""
        numbers, _, typed = typed.partition("]")
        cells = self._numbers.read_box(numbers)
        used = {box.label for box in boxes if box.cells == cells}
        free = (label for label in self.labels if label not in used)
        return following(typed, [f',"label":{quoted(label)}}}' for label in free])

    @cached_property
    def _object(self) -> re.Pattern[str]:
        key = re.escape(quoted(self.key))
        return re.compile(rf'[\[,]\{{{key}:({FOUR}),"label":({STRING})\}}')

    @cached_property
    def _numbers(self) -> JsonNumbers:
        return JsonNumbers(self.grid)

    @cached_property
    def _spelt(self) -> dict[str, str]:
        return {quoted(label): label for label in self.labels}
