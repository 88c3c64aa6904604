"""Pictures of a blood field: absorbance of the stain, and where every cell falls."""

import math
from typing import NamedTuple

import numpy as np

from diascope.answers import Point
from diascope.geometry import Rect
from diascope.sources._phantom.blood import Cell, Field, Shape
from diascope.sources._phantom.canvas import (
    Patch,
    Plane,
    View,
    clouds,
    polygon,
    polygon_cover,
    ramp,
)
from diascope.sources._phantom.radiograph import bounds

_EDGE = 2.0
"""Softness of a cell's edge, pixels."""


class Micrograph(NamedTuple):
    """Absorbance, and the truth in pixels in the order of the field's cells."""

    absorbance: Plane
    boxes: tuple[Rect, ...]
    outlines: dict[int, tuple[Point, ...]]
    """Of the white cells, by the cell's place in the field."""


def micrograph(field: Field, view: View, contrast: float, rng: np.random.Generator) -> Micrograph:
    """Draws a field; how strongly the film took the stain varies from image to image."""
    plane = clouds(rng, view, 14) * np.float32(0.015) + np.float32(0.05)
    amount = contrast * float(rng.uniform(0.3, 0.75))
    boxes, outlines = [], {}
    for number, cell in enumerate(field.cells):
        centre = (view.length(cell.x), view.length(cell.y))
        if cell.kind == "white cell":
            outlines[number] = _draw_white(plane, cell, centre, view, amount)
            boxes.append(bounds(outlines[number]))
        elif cell.kind == "platelet":
            boxes.append(_draw_platelet(plane, cell, centre, view, amount))
        else:
            boxes.append(_draw_red(plane, cell, field.shape, centre, view, amount))
    return Micrograph(plane, tuple(boxes), outlines)


def _draw_white(
    plane: Plane, cell: Cell, centre: Point, view: View, amount: float
) -> tuple[Point, ...]:
    """Pale cytoplasm and a dark nucleus of three lobes; returns the outline."""
    radii = tuple(view.length(cell.radius * share) for share in cell.outline)
    radius = view.length(cell.radius)
    patch = Patch.around(plane, centre, radius + 3)
    cover = np.float32(0.7) * polygon_cover(patch, radii, _EDGE)
    nucleus = np.zeros_like(cover)
    for lobe in range(3):
        turn = cell.angle + lobe * 1.7
        x, y = 0.33 * radius * math.cos(turn), 0.33 * radius * math.sin(turn)
        nucleus = np.maximum(
            nucleus, ramp(0.3 * radius - np.hypot(patch.dx - x, patch.dy - y), _EDGE)
        )
    patch.add(plane, (cover + np.float32(1.5) * nucleus) * np.float32(amount * cell.shade))
    return polygon(centre, radii)


def _draw_platelet(plane: Plane, cell: Cell, centre: Point, view: View, amount: float) -> Rect:
    """A small grainy disc."""
    radius = view.length(cell.radius)
    patch = Patch.around(plane, centre, radius + 3)
    away = np.hypot(patch.dx, patch.dy)
    grain = np.cos(patch.dx * 1.9 + cell.angle) * np.cos(patch.dy * 1.9)
    cover = ramp(radius - away, _EDGE) * (np.float32(1.3) + np.float32(0.6) * grain)
    patch.add(plane, cover.astype(np.float32) * np.float32(amount * cell.shade))
    return (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)


def _draw_red(
    plane: Plane, cell: Cell, shape: Shape, centre: Point, view: View, amount: float
) -> Rect:
    """A disc that is thinner in the middle, or one of its sick shapes; returns its box."""
    radius = view.length(cell.radius)
    patch = Patch.around(plane, centre, radius + 3)
    along, across = patch.turned(cell.angle)
    away = np.hypot(along, across)
    if shape == "sickle":
        bite = np.hypot(along, across + radius * 0.75) - radius * 1.05
        cover = ramp(np.minimum(radius - away, bite), _EDGE) * np.float32(1.1)
    elif shape == "oval":
        away = np.hypot(along, across / 0.55)
        cover = ramp((radius - away) * 0.7, _EDGE) * _thinner(away, radius)
    else:
        cover = ramp(radius - away, _EDGE) * _thinner(away, radius)
        if shape == "target":
            cover += ramp(radius * 0.25 - away, _EDGE) * np.float32(0.9)
    drawn = cover.astype(np.float32)
    patch.add(plane, drawn * np.float32(amount * cell.shade))
    return _extent(cell, shape, centre, radius)


def _thinner(away: Plane, radius: float) -> Plane:
    """The biconcave profile: pale where the cell is thin."""
    return 1 - np.float32(0.8) * ramp(radius * 0.5 - away, radius * 0.35)


def _extent(cell: Cell, shape: Shape, centre: Point, radius: float) -> Rect:
    """Bounds of a red cell's true outline, pixels."""
    turns = np.linspace(0, 2 * math.pi, 181)
    along, across = radius * np.cos(turns), radius * np.sin(turns)
    if shape == "oval":
        across = across * 0.55
    elif shape == "sickle":
        # Points of the disc inside the bite move to the bite's edge: across = b(along) below.
        bite = np.sqrt(np.clip((1.05 * radius) ** 2 - along**2, 0, None)) - 0.75 * radius
        across = np.where(np.hypot(along, across + 0.75 * radius) < 1.05 * radius, bite, across)
        keep = across**2 + along**2 <= (radius * 1.001) ** 2
        along, across = along[keep], across[keep]
    cos, sin = math.cos(cell.angle), math.sin(cell.angle)
    x, y = centre[0] + along * cos - across * sin, centre[1] + along * sin + across * cos
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
