"""Chest radiographs of a study: attenuation along each ray, and where every finding falls.

A ray's attenuation is the sum of what it meets (Beer and Lambert: I = I0 exp(-sum of mu t)); the
lungs are tissue taken away. Body coordinates are those of `canvas`.
"""

import math
from typing import NamedTuple

import numpy as np

from diascope.answers import Point
from diascope.geometry import Rect
from diascope.sources._phantom.canvas import (
    Patch,
    Plane,
    View,
    ball,
    clouds,
    polygon,
    polygon_cover,
    ramp,
)
from diascope.sources._phantom.chest import INNER, SIGNS, Anatomy, ChestStudy, Lesion

_HEART_TILT = 0.35


class Radiograph(NamedTuple):
    """Attenuation, and the truth in pixels by the findings' numbers."""

    attenuation: Plane
    boxes: dict[int, Rect]
    outlines: dict[int, tuple[Point, ...]]
    heart: Rect


class _Lungs(NamedTuple):
    """Cover of both lungs, and the body coordinates they were drawn in."""

    u: Plane
    v: Plane
    across: Plane
    """0 at the midline side of the lung, 1 at the ribs."""
    down: Plane
    """0 at the apex, 1 at the base."""
    cover: Plane


def frontal(study: ChestStudy, view: View, contrast: float, rng: np.random.Generator) -> Radiograph:
    """The chest from the front; the patient's left is on the right of the image."""
    anatomy = study.anatomy
    lungs = _lungs(anatomy, view)
    heart = _heart_cover(anatomy, lungs)
    air = lungs.cover * (1 - np.float32(0.85) * heart)
    vessels = clouds(rng, view, 26) * np.float32(0.045) + clouds(rng, view, 11) * np.float32(0.04)
    plane = _body(anatomy, lungs)
    boxes: dict[int, Rect] = {}
    for lesion in study.lesions:
        if lesion.kind == "effusion":
            fluid = _fluid(lesion, lungs) * np.float32(min(1.0, lesion.strength * contrast))
            air = air * (1 - np.float32(0.9) * fluid)
        elif lesion.kind == "pneumothorax":
            free, line = _free_air(lesion, lungs)
            vessels = vessels * (1 - free)
            amount = lesion.strength * contrast
            plane += (
                amount
                * (0.22 * line - 0.13 * free + 0.05 * (lungs.cover - free))
                * (lungs.u * SIGNS[lesion.side] > 0)
            )
    plane -= air * (np.float32(0.6) + vessels)
    plane += _bones(anatomy, lungs)
    outlines = _draw_focal(plane, study, view, contrast, boxes)
    return Radiograph(plane, boxes, outlines, _heart_box(anatomy, view))


def _lungs(anatomy: Anatomy, view: View) -> _Lungs:
    u, v = view.grid()
    away = np.abs(u)
    middle = (INNER + anatomy.thorax) / 2
    arch = ((away - middle) * np.float32(1 / (anatomy.thorax - INNER))) ** 2
    floor = anatomy.base - anatomy.dome * (1 - 4 * arch)
    down = (v - anatomy.apex) * np.float32(1 / (anatomy.base - anatomy.apex))
    rest = np.clip(1 - down, 0, 1)
    outer = anatomy.thorax * np.sqrt(np.clip(1 - rest**2 * np.sqrt(rest), 0, 1))
    across = (away - INNER) / np.maximum(outer - INNER, 0.02)
    soft = 0.02
    cover = ramp(outer - away, soft) * ramp(away - INNER, soft)
    cover *= ramp(v - anatomy.apex, soft) * ramp(floor - v, soft)
    return _Lungs(u, v, across, down, cover)


def _body(anatomy: Anatomy, lungs: _Lungs) -> Plane:
    """Soft tissue: trunk, shoulders and neck, the diaphragm and what lies under it."""
    wall = anatomy.thorax + anatomy.wall
    half = wall + np.float32(0.9) * np.clip(-0.2 - lungs.v, 0, 0.2)
    half = np.where(
        lungs.v < -0.43, np.float32(0.16) + 3 * np.clip(0.02 + lungs.v + 0.43, 0, 1), half
    )
    away = np.abs(lungs.u)
    thick = np.sqrt(np.clip(1 - (away / half) ** 2 * np.float32(0.8), 0, 1))
    abdomen = np.float32(0.15) * np.clip((lungs.v - anatomy.base + anatomy.dome) * 6, 0, 1)
    tissue: Plane = np.float32(0.35) + np.float32(0.6) * thick + abdomen
    return ramp(half - away, 0.02) * tissue


def _bones(anatomy: Anatomy, lungs: _Lungs) -> Plane:
    """Ribs that fall away from the spine, the spine itself, and the clavicles."""
    away = np.abs(lungs.u)
    turn = (lungs.v - np.float32(0.9) * away**2 + np.float32(0.12) * away) * np.float32(
        2 * math.pi * anatomy.rib_count
    )
    ribs = np.clip(np.cos(turn + np.float32(2 * math.pi * anatomy.rib_phase)) * 2 - 0.7, 0, 1)
    cage = np.where((lungs.across < 1.05) & (lungs.v < anatomy.base), np.float32(0.1), 0)
    disc = np.cos(lungs.v * np.float32(2 * math.pi * 13)) * np.float32(0.05)
    spine = ramp(0.035 - away, 0.015) * (np.float32(0.22) + disc)
    clavicle = ramp(0.011 - np.abs(lungs.v - anatomy.apex - 0.07 + 0.22 * away), 0.012)
    bones: Plane = ribs * cage + spine + clavicle * np.where(away < 0.36, np.float32(0.14), 0)
    return bones


def _heart_axes(anatomy: Anatomy) -> tuple[float, float, float, float]:
    """Middle u, v and half axes of the heart's ellipse."""
    left, right = anatomy.heart_edge("left"), anatomy.heart_edge("right")
    height = anatomy.heart_height / 2
    return (
        (left - right) / 2,
        anatomy.base - anatomy.dome - 0.7 * height,
        (left + right) / 2,
        height,
    )


def _heart_cover(anatomy: Anatomy, lungs: _Lungs) -> Plane:
    middle, level, across, down = _heart_axes(anatomy)
    squared = ((lungs.u - middle) / across) ** 2 + ((lungs.v - level) / down) ** 2
    aorta = ramp(0.075 - np.abs(lungs.u - 0.015), 0.02) * ramp(level - lungs.v, 0.02)
    return np.maximum(ramp((1 - np.sqrt(squared)) * np.float32(across), 0.02), aorta)


def _heart_box(anatomy: Anatomy, view: View) -> Rect:
    """The ellipse's bounds under the view's rotation, pixels."""
    middle, level, across, down = _heart_axes(anatomy)
    x, y = view.to_pixels(middle, level)
    a = across * view.width * view.scale
    b = down * view.height * view.scale
    cos, sin = math.cos(view.angle), math.sin(view.angle)
    reach = (math.hypot(a * cos, b * sin), math.hypot(a * sin, b * cos))
    return (x - reach[0], y - reach[1], x + reach[0], y + reach[1])


def _fluid(lesion: Lesion, lungs: _Lungs) -> Plane:
    """Cover of the fluid: up to a level that climbs along the ribs."""
    side = lungs.u * SIGNS[lesion.side] > 0
    level = 1 - np.float32(lesion.size) - np.float32(0.22) * np.clip(lungs.across, 0, 1) ** 3
    return np.where(side, ramp(lungs.down - level, 0.05), np.float32(0))


def _free_air(lesion: Lesion, lungs: _Lungs) -> tuple[Plane, Plane]:
    """Cover of the air around a lung that fell from the ribs, and of the lung's own edge."""
    edge = 1 - np.float32(lesion.size) * np.clip(1.1 - lungs.down, 0.15, 1)
    inside = lungs.cover * (lungs.u * SIGNS[lesion.side] > 0)
    free = ramp(lungs.across - edge, 0.04) * inside
    line = ramp(0.04 - np.abs(lungs.across - edge), 0.03) * inside
    return free, line


def _draw_focal(
    plane: Plane, study: ChestStudy, view: View, contrast: float, boxes: dict[int, Rect]
) -> dict[int, tuple[Point, ...]]:
    """Draws nodules, opacities and devices into `plane`; fills `boxes`, returns outlines."""
    outlines: dict[int, tuple[Point, ...]] = {}
    for lesion in study.lesions:
        centre, radius = view.to_pixels(lesion.u, lesion.v), view.length(lesion.size)
        amount = contrast * lesion.strength
        if lesion.kind in ("nodule", "nodule, calcified"):
            draw_nodule(plane, centre, radius, amount, shell="calcified" in lesion.kind)
            x, y = centre
            boxes[lesion.number] = (x - radius, y - radius, x + radius, y + radius)
        elif lesion.kind == "opacity":
            radii = tuple(radius * share for share in lesion.outline)
            outlines[lesion.number] = draw_opacity(plane, centre, radii, amount)
            boxes[lesion.number] = bounds(outlines[lesion.number])
        elif lesion.kind == "device":
            boxes[lesion.number] = _draw_device(plane, lesion, view)
    return outlines


def draw_nodule(plane: Plane, centre: Point, radius: float, amount: float, shell: bool) -> None:
    """A ball of tissue, or one with a shell of calcium."""
    patch = Patch.around(plane, centre, radius + 2)
    ray = ball(patch, radius)
    if shell:
        ray = np.float32(1.1) * ray**0.3 - np.float32(0.75) * ball(patch, radius * 0.72) ** 0.5
    patch.add(plane, ray * np.float32(0.5 * amount))


def draw_opacity(
    plane: Plane, centre: Point, radii: tuple[float, ...], amount: float
) -> tuple[Point, ...]:
    """A consolidated patch of lung; returns its outline."""
    patch = Patch.around(plane, centre, max(radii) + 4)
    cover = polygon_cover(patch, radii, 5)
    grain = 1 + np.float32(0.12) * np.sin(patch.dx * 0.7) * np.sin(patch.dy * 0.6)
    patch.add(plane, cover * grain * np.float32(0.4 * amount))
    return polygon(centre, radii)


def bounds(points: tuple[Point, ...]) -> Rect:
    """The smallest rectangle that holds the points."""
    x, y = [point[0] for point in points], [point[1] for point in points]
    return (min(x), min(y), max(x), max(y))


def _draw_device(plane: Plane, lesion: Lesion, view: View) -> Rect:
    """A pulse generator and its lead to the heart; returns the generator's box."""
    centre = view.to_pixels(lesion.u, lesion.v)
    half = (view.length(lesion.size), view.length(lesion.size * 0.72))
    tilt = view.angle + 0.6 * lesion.depth
    _draw_lead(plane, centre, view.to_pixels(0.02, 0.12), view.length(0.006))
    patch = Patch.around(plane, centre, math.hypot(*half) + 2)
    along, across = patch.turned(tilt)
    corner = np.hypot(
        np.clip(np.abs(along) - half[0] * 0.6, 0, None),
        np.clip(np.abs(across) - half[1] + half[0] * 0.4, 0, None),
    )
    cover = ramp(half[0] * 0.4 - corner, 1.5)
    patch.add(plane, cover * np.float32(1.0))
    cos, sin, round_ = abs(math.cos(tilt)), abs(math.sin(tilt)), half[0] * 0.4
    inner = (half[0] - round_, half[1] - round_)
    reach = (inner[0] * cos + inner[1] * sin + round_, inner[0] * sin + inner[1] * cos + round_)
    x, y = centre
    return (x - reach[0], y - reach[1], x + reach[0], y + reach[1])


def _draw_lead(plane: Plane, start: Point, end: Point, radius: float) -> None:
    """A wire that sags from `start` to `end`."""
    from PIL import Image, ImageDraw

    wire = Image.new("L", plane.shape[::-1])
    bend = (0.25 * start[0] + 0.75 * end[0], 0.85 * start[1] + 0.15 * end[1])
    steps = [index / 12 for index in range(13)]
    curve = [
        tuple(
            (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c
            for a, b, c in zip(start, bend, end, strict=True)
        )
        for t in steps
    ]
    ImageDraw.Draw(wire).line(curve, fill=255, width=max(1, round(2 * radius)))
    plane += np.asarray(wire, dtype=np.float32) * np.float32(0.5 / 255)


def lateral(study: ChestStudy, view: View, contrast: float, rng: np.random.Generator) -> Plane:
    """The chest from the side, its front on the left of the image: attenuation only."""
    anatomy = study.anatomy
    u, v = view.grid()
    trunk = ramp(1 - np.hypot(u / 0.4, v / 0.75), 0.06)
    top, base = anatomy.apex, anatomy.base
    middle = (top + base) / 2
    lung = np.hypot((u + 0.01) / 0.3, (v - middle) / ((base - top) / 2))
    floor = base - anatomy.dome + 0.5 * (u + 0.1) ** 2 + 0.12 * u
    air = ramp(1 - lung, 0.06) * ramp(floor - v, 0.02)
    wide = anatomy.heart_ratio * 0.3
    heart = ramp(1 - np.hypot((u + 0.13) / wide, (v - base + anatomy.dome + 0.1) / 0.15), 0.1)
    turn = (v - 0.4 * u) * np.float32(2 * math.pi * anatomy.rib_count)
    ribs = np.clip(np.cos(turn) * 2 - 0.8, 0, 1) * ramp(1 - lung, 0.1) * np.float32(0.08)
    spine = ramp(0.045 - np.abs(u - 0.3 + 0.25 * v**2), 0.02)
    discs = 1 + np.float32(0.3) * np.cos(v * np.float32(2 * math.pi * 12))
    vessels = clouds(rng, view, 20) * np.float32(0.05)
    plane: Plane = trunk * np.float32(0.95) - air * (1 - 0.7 * heart) * (np.float32(0.55) + vessels)
    plane += ribs + spine * discs * trunk * np.float32(0.2)
    for lesion in study.lesions:
        centre = view.to_pixels(-0.01 + 0.22 * lesion.depth, lesion.v)
        radius, amount = view.length(lesion.size), contrast * lesion.strength
        if lesion.kind in ("nodule", "nodule, calcified"):
            draw_nodule(plane, centre, radius, amount, shell="calcified" in lesion.kind)
        elif lesion.kind == "opacity":
            draw_opacity(plane, centre, tuple(radius * r for r in lesion.outline), amount)
    return plane
