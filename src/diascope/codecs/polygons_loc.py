"""Masks as polygons of native location tokens."""

from dataclasses import dataclass
from functools import cached_property

from diascope.codecs.boxes_loc import NONE, SEPARATOR
from diascope.codecs.codec import ParseError
from diascope.codecs.grammar import Grammar, Literal, Repeat, Sequence
from diascope.codecs.grid import Grid
from diascope.codecs.loc_tokens import LOC_FORMAT, loc, spell, split
from diascope.codecs.names import check_names
from diascope.codecs.nodes import either
from diascope.codecs.objects import check_limit
from diascope.codecs.regions import Region, RegionListCodec, check_vertices


@dataclass(frozen=True)
class PolygonsLoc(RegionListCodec):
    """`<locY><locX><locY><locX>... label ; ...` with 3 to `vertices` vertices, or `none`."""

    def __post_init__(self) -> None:
        check_names(self.labels, SEPARATOR)
        check_limit(self.limit)
        check_vertices(self.vertices)

    def grammar(self) -> Grammar:
        """Up to `limit` polygons."""
        points = Repeat(Sequence((loc(0, 1023), loc(0, 1023))), 3, self.vertices)
        label = either(*(Literal(f" {name}") for name in self.labels))
        before = Repeat(Sequence((points, label, Literal(SEPARATOR))), 0, self.limit - 1)
        return Grammar(either(Sequence((before, points, label)), Literal(NONE)))

    def write(self, regions: tuple[Region, ...]) -> str:
        """One polygon after the other, each vertex y first."""
        return SEPARATOR.join(map(_written, regions)) or NONE

    def read(self, text: str) -> tuple[Region, ...]:
        """One polygon a run of tokens; the text after the run is its label."""
        if text == NONE:
            return ()
        texts, runs = split(text)
        if not runs or any(len(run) % 2 for run in runs):
            raise ParseError(f"not polygons of location tokens: {text[:80]!r}")
        labels = (after.removesuffix(SEPARATOR)[1:] for after in texts[1:])
        return tuple(
            Region(label, tuple(zip(run[1::2], run[::2], strict=True)))
            for label, run in zip(labels, runs, strict=True)
        )

    @cached_property
    def grid(self) -> Grid:
        """Bins of the canvas."""
        return Grid(self.canvas, LOC_FORMAT)


def _written(region: Region) -> str:
    numbers = tuple(number for x, y in region.vertices for number in (y, x))
    return f"{spell(numbers)} {region.label}"
