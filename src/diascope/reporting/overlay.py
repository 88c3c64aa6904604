"""Answers drawn over their image: truth as solid green lines, a reply as dashed orange ones.

Colour and line style say the same, so neither depends on telling green from orange; the two are
the pair of Okabe and Ito (2008) that stays apart in every common colour blindness. Lines are drawn
at twice the final size over a dark casing and scaled down, which smooths them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import dist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Answer, Boxes, Findings, Masks, Point, Text

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

_CASING = (10, 14, 18, 150)
_INK = (10, 14, 18, 255)
_NAMED = 8
_LETTERS = 28
_FILL = 46
_SCALE = 2
# the side of a picture, in pixels, for which the widths of a Stroke are meant
_USUAL_SIDE = 420

Colour = tuple[int, int, int]


class Stroke(NamedTuple):
    """How the lines of one answer look, in pixels of a drawing at twice its final size."""

    colour: Colour
    dashed: bool
    width: float = 4
    casing: float = 7
    dash: float = 18
    gap: float = 12
    letters: float = 22

    def for_side(self, side: int) -> "Stroke":
        """The same look in a picture that is larger than usual."""
        grown = max(1.0, side / _USUAL_SIDE)
        return Stroke(self.colour, self.dashed, *(grown * size for size in self[2:]))


TRUTH = Stroke((0, 214, 143), dashed=False)
REPLY = Stroke((255, 149, 0), dashed=True)


class Shape(NamedTuple):
    """One object to draw: its label, and the corners of its outline in original pixels."""

    label: str
    outline: tuple[Point, ...]
    filled: bool


def shapes(answer: Answer | None) -> list[Shape]:
    """What of an answer has a place in the image."""
    match answer:
        case Masks():
            return [Shape(mask.label, mask.polygon, True) for mask in answer.masks]
        case Findings():
            places = [finding.evidence for finding in answer.findings if finding.evidence]
            return [shape for place in places for shape in shapes(place)]
        case Text(evidence=Boxes() as evidence):
            return shapes(evidence)
        case Boxes():
            return [Shape(box.label, _corners(*box.corners), False) for box in answer.boxes]
    return []


def overlay(
    pixels: NDArray[np.uint8],
    truth: Sequence[Shape] = (),
    reply: Sequence[Shape] = (),
    side: int = 320,
) -> "Image.Image":
    """The image with both drawn in, RGB, its longer side `side` pixels.

    `pixels` are [height, width] or [height, width, 3]; shapes are in its pixels.
    """
    from PIL import Image

    scale = side * _SCALE / max(pixels.shape[:2])
    height, width = (max(_SCALE, round(length * scale)) for length in pixels.shape[:2])
    base = Image.fromarray(pixels).convert("RGBA")
    base = base.resize((width, height), Image.Resampling.BICUBIC)
    sets = [
        ([_placed(shape, scale, base.size) for shape in shapes_], stroke.for_side(side))
        for shapes_, stroke in ((truth, TRUTH), (reply, REPLY))
    ]
    for drawn, stroke in sets:
        base = _drawn(base, drawn, stroke, outline)
    if len(truth) + len(reply) <= _NAMED:
        for drawn, stroke in sets:
            base = _drawn(base, drawn, stroke, name)
    size = (max(1, width // _SCALE), max(1, height // _SCALE))
    return base.convert("RGB").resize(size, Image.Resampling.LANCZOS)


@lru_cache
def font(size: float) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """Pillow's own font."""
    from PIL import ImageFont

    return ImageFont.load_default(size=size)


def line(draw: "ImageDraw.ImageDraw", points: Sequence[Point], stroke: Stroke) -> None:
    """A line through the points, over a dark casing, solid or dashed."""
    pieces = list(_dashes(points, stroke)) if stroke.dashed else [tuple(points)]
    for fill, width in ((_CASING, stroke.casing), ((*stroke.colour, 255), stroke.width)):
        for piece in pieces:
            if width > 0:
                draw.line(piece, fill=fill, width=round(width), joint="curve")


def outline(draw: "ImageDraw.ImageDraw", shape: Shape, stroke: Stroke) -> None:
    """The outline of a shape, closed; a true region is tinted as well."""
    if shape.filled and not stroke.dashed:
        draw.polygon(shape.outline, fill=(*stroke.colour, _FILL))
    # a solid line goes on past its start, so that the last corner is as round as the others
    line(draw, (*shape.outline, *shape.outline[: 1 if stroke.dashed else 2]), stroke)


def name(draw: "ImageDraw.ImageDraw", shape: Shape, stroke: Stroke) -> None:
    """The label on a plate, above a true shape, below a replied one, inside the picture."""
    letters, picture = font(stroke.letters), draw.im.size
    text = shape.label[:_LETTERS]
    left, _, right, bottom = draw.textbbox((0, 0), text, font=letters)
    wide, high = right - left + 12, bottom + 8
    xs, ys = zip(*shape.outline, strict=True)
    x = min(max(0, min(xs) - stroke.width / 2), max(0, picture[0] - wide))
    y = max(ys) + stroke.width if stroke.dashed else min(ys) - high - stroke.width
    y = min(max(0, y), max(0, picture[1] - high))
    draw.rounded_rectangle((x, y, x + wide, y + high), radius=4, fill=(*stroke.colour, 225))
    draw.text((x + 6 - left, y + 3), text, fill=_INK, font=letters)


def _drawn(
    base: "Image.Image",
    drawn: Sequence[Shape],
    stroke: Stroke,
    draw_one: Callable[["ImageDraw.ImageDraw", Shape, Stroke], None],
) -> "Image.Image":
    """The picture with every shape drawn on it through a transparent layer."""
    from PIL import Image, ImageDraw

    layer = Image.new("RGBA", base.size)
    draw = ImageDraw.Draw(layer)
    for shape in drawn:
        draw_one(draw, shape, stroke)
    return Image.alpha_composite(base, layer)


def _dashes(points: Sequence[Point], stroke: Stroke) -> Iterator[tuple[Point, ...]]:
    """The pieces of a dashed line through the points; a dash goes on round a corner."""
    drawing, left, piece = True, stroke.dash, [points[0]]
    for start, end in pairwise(points):
        length, done = dist(start, end), 0.0
        while length - done > left:
            done += left
            share = done / length
            turn = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
            if drawing:
                yield (*piece, turn)
            drawing, left, piece = not drawing, stroke.gap if drawing else stroke.dash, [turn]
        left -= length - done
        piece.append(end)
    if drawing:
        yield tuple(piece)


def _placed(shape: Shape, scale: float, picture: tuple[int, int]) -> Shape:
    """The shape in the drawing, a vertex at most one picture away from it."""
    points = tuple(
        (_within(x * scale, picture[0]), _within(y * scale, picture[1])) for x, y in shape.outline
    )
    return Shape(shape.label, points, shape.filled)


def _within(place: float, side: int) -> float:
    return min(max(place, -side), 2 * side)


def _corners(x0: float, y0: float, x1: float, y1: float) -> tuple[Point, ...]:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
