"""Masks as polygons in JSON."""

import re
from dataclasses import dataclass
from functools import cached_property

from diascope.codecs.boxes_json import EMPTY
from diascope.codecs.grammar import Grammar, Literal, Repeat, Sequence
from diascope.codecs.grid import Grid
from diascope.codecs.json_text import NUMBER, STRING, JsonNumbers, listed, quoted
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either
from diascope.codecs.objects import check_limit
from diascope.codecs.regions import Region, RegionListCodec, check_vertices
from diascope.geometry import BoxFormat

_POINT = rf"\[{NUMBER},{NUMBER}\]"
_OBJECT = re.compile(rf'[\[,]\{{"polygon":\[({_POINT}(?:,{_POINT})*)\],"label":({STRING})\}}')


@dataclass(frozen=True)
class PolygonsJson(RegionListCodec):
    """`[{"polygon":[[x,y],[x,y],[x,y]],"label":"x"}]`, or `[]`; y first where the format says so.

    The numbers are measured in the format's space, as those of boxes are.
    """

    format: BoxFormat

    def __post_init__(self) -> None:
        check_names(self.labels)
        check_limit(self.limit)
        check_vertices(self.vertices)

    def grammar(self) -> Grammar:
        """Up to `limit` polygons."""
        point = [self._numbers.node(axis.values) for axis in (self.grid.x, self.grid.y)]
        vertex = listed(point[::-1] if self._y_first else point)
        rest = Repeat(Sequence((Literal(","), vertex)), 2, self.vertices - 1)
        label = either(*(Literal(quoted(name)) for name in self.labels))
        head, middle = Literal('{"polygon":['), Literal('],"label":')
        region = Sequence((head, vertex, rest, middle, label, Literal("}")))
        more = Repeat(Sequence((Literal(","), region)), 0, self.limit - 1)
        regions = Sequence((Literal("["), region, more, Literal("]")))
        return Grammar(either(regions, Literal(EMPTY)))

    def write(self, regions: tuple[Region, ...]) -> str:
        """One object after the other."""
        return f"[{','.join(map(self._written, regions))}]"

    def read(self, text: str) -> tuple[Region, ...]:
        """The objects from the start on, as far as they are objects."""
        regions, at = [], 0
        while match := _OBJECT.match(text, at):
            flat = self._numbers.read(match[1])
            points = tuple(zip(flat[::2], flat[1::2], strict=True))
            if self._y_first:
                points = tuple((x, y) for y, x in points)
            regions.append(Region(self._spelt.get(match[2], match[2]), points))
            at = match.end()
        return tuple(regions)

    @cached_property
    def grid(self) -> Grid:
        """The steps of the format's space."""
        return Grid(self.canvas, BoxFormat(order="xyxy", space=self.format.space))

    @property
    def _y_first(self) -> bool:
        return self.format.order == "yxyx"

    def _written(self, region: Region) -> str:
        points = (
            self._numbers.spell((y, x) if self._y_first else (x, y)) for x, y in region.vertices
        )
        return f'{{"polygon":[{",".join(points)}],"label":{quoted(region.label)}}}'

    @cached_property
    def _numbers(self) -> JsonNumbers:
        return JsonNumbers(self.grid)

    @cached_property
    def _spelt(self) -> dict[str, str]:
        return {quoted(label): label for label in self.labels}
