"""Drawing on arrays: body coordinates, local patches, polar polygons, smooth noise.

A View maps body coordinates to pixels. Body coordinates (u, v) run right and down from the middle
of the body; u is a share of the image's width and v of its height. Lengths of lesions are shares
of the width, so that a ball stays round whatever the image's shape.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
"""An image-sized or patch-sized array; single precision wherever speed matters."""
Point = tuple[float, float]
VERTICES = 8


@dataclass(frozen=True)
class View:
    """Size of an image in pixels and the pose of the body in it."""

    width: int
    height: int
    angle: float = 0.0
    """Clockwise rotation, radians."""
    scale: float = 1.0
    shift: Point = (0.0, 0.0)
    """Where the body's middle lies from the image's, in shares of width and height."""

    def grid(self) -> tuple[Plane, Plane]:
        """u and v at every pixel centre, each [height, width]."""
        x = np.arange(self.width, dtype=np.float32) + np.float32(0.5 - self._middle[0])
        y = np.arange(self.height, dtype=np.float32) + np.float32(0.5 - self._middle[1])
        cos, sin = math.cos(self.angle) / self.scale, math.sin(self.angle) / self.scale
        u = (x * np.float32(cos / self.width))[None] + (y * np.float32(sin / self.width))[:, None]
        v = (y * np.float32(cos / self.height))[:, None] - (x * np.float32(sin / self.height))[None]
        return u, v

    def to_pixels(self, u: float, v: float) -> Point:
        """Where a point of the body falls in the image, pixels."""
        x, y = u * self.width * self.scale, v * self.height * self.scale
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return (x * cos - y * sin + self._middle[0], x * sin + y * cos + self._middle[1])

    def length(self, share: float) -> float:
        """A length of the body in pixels."""
        return share * self.width * self.scale

    @property
    def _middle(self) -> Point:
        return (self.width * (0.5 + self.shift[0]), self.height * (0.5 + self.shift[1]))


class Patch(NamedTuple):
    """A window of a plane around a point, and the offsets of its pixel centres from it."""

    rows: slice
    columns: slice
    dx: Plane
    dy: Plane

    @classmethod
    def around(cls, plane: Plane, centre: Point, reach: float) -> "Patch":
        """The window that holds everything within `reach` pixels of `centre`."""
        spans = []
        for middle, side in zip(centre, plane.shape[::-1], strict=True):
            low, high = math.floor(middle - reach), math.ceil(middle + reach) + 1
            spans.append(slice(min(max(low, 0), side), max(min(high, side), 0)))
        x = np.arange(spans[0].start, spans[0].stop, dtype=np.float32) + 0.5 - centre[0]
        y = np.arange(spans[1].start, spans[1].stop, dtype=np.float32) + 0.5 - centre[1]
        return cls(spans[1], spans[0], x[None].astype(np.float32), y[:, None].astype(np.float32))

    def add(self, plane: Plane, amount: Plane) -> None:
        """Adds `amount` to this window of `plane`, in place."""
        plane[self.rows, self.columns] += amount

    def turned(self, angle: float) -> tuple[Plane, Plane]:
        """Offsets along and across an axis turned clockwise by `angle` radians."""
        cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        return self.dx * cos + self.dy * sin, self.dy * cos - self.dx * sin


def ramp(distance: Plane, softness: float) -> Plane:
    """0 to 1 over `softness`, 0.5 where the signed distance is 0."""
    cover: Plane = np.clip(distance * np.float32(1 / softness) + np.float32(0.5), 0, 1)
    return cover


def ball(patch: Patch, radius: float) -> Plane:
    """Thickness of a ball along the ray, 1 at its middle."""
    squared = (patch.dx**2 + patch.dy**2) * np.float32(1 / radius**2)
    thickness: Plane = np.sqrt(np.clip(1 - squared, 0, None))
    return thickness


def polygon(centre: Point, radii: tuple[float, ...]) -> tuple[Point, ...]:
    """The vertices of a star-shaped polygon: equal angles, the first on top, clockwise."""
    step = 2 * math.pi / len(radii)
    angles = [index * step - math.pi / 2 for index in range(len(radii))]
    return tuple(
        (centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle))
        for radius, angle in zip(radii, angles, strict=True)
    )


def polygon_cover(patch: Patch, radii: tuple[float, ...], softness: float) -> Plane:
    """Cover of `polygon` in [0, 1], its soft edge centred on the true outline.

    On the ray at angle t between two vertices of radii a and b that lie `step` apart, the edge is
    at a * b * sin(step) / (a * sin(t) + b * sin(step - t)).
    """
    count = len(radii)
    step = np.float32(2 * math.pi / count)
    turn = (np.arctan2(patch.dy, patch.dx) + np.float32(math.pi / 2)) % np.float32(2 * math.pi)
    sector = np.minimum((turn / step).astype(np.intp), count - 1)
    within = turn - sector * step
    ring = np.asarray((*radii, radii[0]), dtype=np.float32)
    a, b = ring[sector], ring[sector + 1]
    edge = a * b * np.sin(step) / (a * np.sin(within) + b * np.sin(step - within))
    return ramp(edge - np.hypot(patch.dx, patch.dy), softness)


def wobbly(rng: np.random.Generator, wobble: float) -> tuple[float, ...]:
    """Radii of an irregular outline, about 1 each."""
    return tuple(float(r) for r in 1 + wobble * rng.uniform(-1, 1, VERTICES))


def clouds(rng: np.random.Generator, view: View, cells: int) -> Plane:
    """Smooth noise of unit variance with about `cells` blobs across the image."""
    from PIL import Image

    seed = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
    size = (view.width, view.height)
    return np.asarray(seed.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def soften(plane: Plane, times: int) -> Plane:
    """Binomial blur [1 2 1] / 4 along both axes, repeated; the border keeps its values."""
    for _ in range(times):
        plane = plane.copy()
        plane[1:-1] = (plane[:-2] + plane[2:] + 2 * plane[1:-1]) * np.float32(0.25)
        plane[:, 1:-1] = (plane[:, :-2] + plane[:, 2:] + 2 * plane[:, 1:-1]) * np.float32(0.25)
    return plane
