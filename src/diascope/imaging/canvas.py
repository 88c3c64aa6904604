"""Pixels of an original image drawn on a model's canvas, exactly where its CanvasMap says."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.geometry import CanvasMap, Rect, intersect
from diascope.imaging.decoded import WHOLE, Grid

POLICY = {
    "resize": "bilinear, antialiased, on the exact box",
    "outside": 0,
}
"""Whatever shapes pixels here; a change of it is a change of the render profile."""


def draw(pixels: NDArray[np.uint8], placed: CanvasMap, grid: Grid = WHOLE) -> NDArray[np.uint8]:
    """The canvas [height, width] or [height, width, 3] with `pixels` on it, black outside them.

    `pixels` are [height, width] or [height, width, 3] of the picture that the map was made for, as
    many as `grid` says, else ValueError. Downscaling averages over the area that a canvas pixel
    covers.
    """
    if pixels.shape[1::-1] != grid.size(placed.original_size):
        raise ValueError(f"pixels of shape {pixels.shape} on a map for {placed.original}")
    (left, top, right, bottom), shown = _spans(placed)
    down, across = _margins(shown, placed)
    source = _with_margin(pixels, down, across)
    x0, y0, x1, y1 = grid.place(shown)
    box = (x0 + across, y0 + down, x1 + across, y1 + down)
    source = _with_edge(source, box)
    drawn = Image.fromarray(source).resize(
        (right - left, bottom - top), Image.Resampling.BILINEAR, _within(box, source)
    )
    canvas = np.zeros((placed.canvas[1], placed.canvas[0], *pixels.shape[2:]), np.uint8)
    canvas[top:bottom, left:right] = np.asarray(drawn)
    return canvas


def most_factor(placed: CanvasMap, density: int) -> float:
    """By how much a picture may be decoded smaller along either axis, at least 1.

    So many decoded pixels are left for each of the canvas as `density` says. Where the picture's
    edge runs through a canvas pixel, both it and the black beyond must be met exactly: then 1.
    """
    if any(_margins(_spans(placed)[1], placed)):
        return 1
    return max(1, (1 + 1e-9) / (density * max(placed.scale)))


def _spans(placed: CanvasMap) -> tuple[tuple[int, int, int, int], Rect]:
    """The canvas pixels that the picture touches, and what of the picture they show."""
    left, right = _span(placed, 0)
    top, bottom = _span(placed, 1)
    return (left, top, right, bottom), placed.rect_to_original((left, top, right, bottom))


def _span(placed: CanvasMap, axis: int) -> tuple[int, int]:
    """First and one past the last canvas pixel that the image touches along an axis."""
    start = placed.offset[axis]
    end = start + placed.original[axis] * placed.scale[axis]
    low, high = math.floor(start + 1e-6), math.ceil(end - 1e-6)
    return max(0, low), min(placed.canvas[axis], high)


def _margins(shown: Rect, placed: CanvasMap) -> tuple[int, int]:
    """Black pixels needed round the picture, along y and x, where it does not fill the span."""
    x0, y0, x1, y1 = shown
    return _margin((y0, y1), placed.original[1]), _margin((x0, x1), placed.original[0])


def _margin(span: tuple[float, float], side: int) -> int:
    beyond = max(-span[0], span[1] - side)
    return math.ceil(beyond - 1e-3) if beyond > 1e-3 else 0


def _with_margin(pixels: NDArray[np.uint8], down: int, across: int) -> NDArray[np.uint8]:
    if not down and not across:
        return pixels
    widths = ((down, down), (across, across), (0, 0))[: pixels.ndim]
    return np.pad(pixels, widths)


def _with_edge(pixels: NDArray[np.uint8], box: Rect) -> NDArray[np.uint8]:
    """The last row and column repeated where the box reaches beyond: decoded pixels are shifted."""
    height, width = pixels.shape[:2]
    down, across = int(box[3] > height + 1e-3), int(box[2] > width + 1e-3)
    if not down and not across:
        return pixels
    return np.pad(pixels, ((0, down), (0, across), (0, 0))[: pixels.ndim], mode="edge")


def _within(box: Rect, source: NDArray[np.uint8]) -> Rect:
    """The box without the rounding error by which it may leave the picture."""
    height, width = source.shape[:2]
    return intersect(box, (0.0, 0.0, float(width), float(height)))
