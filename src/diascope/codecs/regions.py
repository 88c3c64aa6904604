"""What the two formats of polygons share: which regions are written, and how text is trusted."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from diascope.answers import Mask, Masks
from diascope.codecs.codec import ParseError
from diascope.codecs.grid import Grid
from diascope.codecs.names import check_known
from diascope.codecs.outline import Points, Window, clip, is_flat, simplify
from diascope.errors import InputError
from diascope.geometry import CanvasMap

Vertex = tuple[int, int]
_FAR_AWAY = 1e9
_NOISE = 1e-6


class Region(NamedTuple):
    """A labelled polygon as the numbers that spell it: (x, y) in steps."""

    label: str
    vertices: tuple[Vertex, ...]


@dataclass(frozen=True)
class RegionListCodec(ABC):
    """Polygons in the order given: what the canvas shows of them, simplified, at most `limit`."""

    canvas: CanvasMap
    labels: tuple[str, ...]
    limit: int
    vertices: int

    @property
    @abstractmethod
    def grid(self) -> Grid:
        """The steps that the vertices are written in."""

    @abstractmethod
    def write(self, regions: tuple[Region, ...]) -> str:
        """The text of legal regions."""

    @abstractmethod
    def read(self, text: str) -> tuple[Region, ...]:
        """The regions in a text that `write` wrote; anything or a ParseError from another one."""

    def encode(self, answer: Masks, /) -> str:
        """The text of the regions that the canvas shows."""
        return self.write(self._regions(answer))

    def parse(self, text: str, /) -> Masks:
        """The regions, in pixels of the original image."""
        regions = self.read(text)
        if not self._are_legal(regions) or self.write(regions) != text:
            raise ParseError(f"not a list of polygons as this format writes it: {text[:80]!r}")
        return self._answer(regions)

    def snap(self, answer: Masks, /) -> Masks:
        """Clipped to the canvas, at most `vertices` vertices on whole steps, the first `limit`."""
        return self._answer(self._regions(answer))

    def _regions(self, answer: Masks) -> tuple[Region, ...]:
        check_known((mask.label for mask in answer.masks), self.labels)
        outlines = ((mask.label, self.outline(mask)) for mask in answer.masks)
        return tuple(Region(label, line) for label, line in outlines if line)[: self.limit]

    def outline(self, mask: Mask) -> tuple[Vertex, ...]:
        """The vertices that spell a mask; none where the canvas shows nothing of it."""
        points = np.array([self.grid.to_steps((x, y, x, y))[:2] for x, y in mask.polygon])
        if self._is_written(points):
            return self._rounded(points)
        seen = self._seen(points.clip(-_FAR_AWAY, _FAR_AWAY))
        if not len(seen):
            return ()
        outline = self._rounded(simplify(seen, self.vertices))
        return self._widened(outline) if is_flat(np.array(outline)) else outline

    def _is_written(self, points: Points) -> bool:
        """Whether the points are what a text says: flat or not, they stay as they are."""
        whole = points.round()
        return (
            len(points) <= self.vertices
            and bool((np.abs(points - whole) < _NOISE).all())
            and bool((whole >= self._steps.low).all() and (whole <= self._steps.high).all())
        )

    def _seen(self, points: Points) -> Points:
        window = Window((self.grid.x.near, self.grid.y.near), (self.grid.x.far, self.grid.y.far))
        if (points >= window.low).all() and (points <= window.high).all():
            return points
        inside = clip(points, window)
        return inside[:0] if len(inside) < 3 or is_flat(inside) else inside

    def _rounded(self, points: Points) -> tuple[Vertex, ...]:
        steps = points.round().clip(self._steps.low, self._steps.high)
        return tuple((int(x), int(y)) for x, y in steps)

    def _widened(self, outline: tuple[Vertex, ...]) -> tuple[Vertex, ...]:
        """A box around what rounding has made flat, at least one step wide; never nothing."""
        (x0, x1), (y0, y1) = (
            self._apart(numbers, low, high)
            for numbers, low, high in zip(
                zip(*outline, strict=True), self._steps.low, self._steps.high, strict=True
            )
        )
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))[: self.vertices]

    def _apart(self, numbers: tuple[int, ...], low: float, high: float) -> tuple[int, int]:
        start, end = min(numbers), max(numbers)
        if start < end:
            return (start, end)
        return (start, start + 1) if start < high else (start - 1, start)

    def _are_legal(self, regions: tuple[Region, ...]) -> bool:
        columns, rows = self.grid.x.values, self.grid.y.values
        return len(regions) <= self.limit and all(
            label in self.labels
            and 3 <= len(vertices) <= self.vertices
            and all(x in columns and y in rows for x, y in vertices)
            for label, vertices in regions
        )

    def _answer(self, regions: tuple[Region, ...]) -> Masks:
        return Masks(masks=tuple(map(self._mask, regions)))

    def _mask(self, region: Region) -> Mask:
        points = (self.grid.from_steps((x, y, x, y)) for x, y in region.vertices)
        return Mask(label=region.label, polygon=tuple((float(p[0]), float(p[1])) for p in points))

    @cached_property
    def _steps(self) -> Window:
        x, y = self.grid.x, self.grid.y
        return Window((x.low, y.low), (x.high, y.high))


def check_vertices(vertices: int) -> None:
    """InputError unless a polygon may have three vertices."""
    if vertices < 3:
        raise InputError(f"a polygon needs at least 3 vertices, not {vertices}")
