"""Pixels of an original image drawn on a model's canvas, exactly where its CanvasMap says."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.geometry import CanvasMap, Rect, intersect

POLICY = {
    "resize": "bilinear, antialiased, on the exact box",
    "outside": 0,
}
"""Whatever shapes pixels here; a change of it is a change of the render profile."""


def draw(pixels: NDArray[np.uint8], placed: CanvasMap) -> NDArray[np.uint8]:
    """The canvas [height, width] or [height, width, 3] with `pixels` on it, black outside them.

    `pixels` are [height, width] or [height, width, 3] of the size the map was made for, else
    ValueError. Downscaling averages over the area that a canvas pixel covers.
    """
    if pixels.shape[:2] != placed.original[::-1]:
        raise ValueError(f"pixels of shape {pixels.shape} on a map for {placed.original}")
    left, right = _span(placed, 0)
    top, bottom = _span(placed, 1)
    x0, y0, x1, y1 = placed.rect_to_original((left, top, right, bottom))
    margin = _margin((x0, x1), placed.original[0]), _margin((y0, y1), placed.original[1])
    source = _with_margin(pixels, margin[1], margin[0])
    box = (x0 + margin[0], y0 + margin[1], x1 + margin[0], y1 + margin[1])
    drawn = Image.fromarray(source).resize(
        (right - left, bottom - top), Image.Resampling.BILINEAR, _within(box, source)
    )
    canvas = np.zeros((placed.canvas[1], placed.canvas[0], *pixels.shape[2:]), np.uint8)
    canvas[top:bottom, left:right] = np.asarray(drawn)
    return canvas


def _span(placed: CanvasMap, axis: int) -> tuple[int, int]:
    """First and one past the last canvas pixel that the image touches along an axis."""
    start = placed.offset[axis]
    end = start + placed.original[axis] * placed.scale[axis]
    low, high = math.floor(start + 1e-6), math.ceil(end - 1e-6)
    return max(0, low), min(placed.canvas[axis], high)


def _margin(span: tuple[float, float], side: int) -> int:
    """Black pixels needed round the image for a span that reaches out of it."""
    beyond = max(-span[0], span[1] - side)
    return math.ceil(beyond - 1e-3) if beyond > 1e-3 else 0


def _with_margin(pixels: NDArray[np.uint8], down: int, across: int) -> NDArray[np.uint8]:
    if not down and not across:
        return pixels
    widths = ((down, down), (across, across), (0, 0))[: pixels.ndim]
    return np.pad(pixels, widths)


def _within(box: Rect, source: NDArray[np.uint8]) -> Rect:
    """The box without the rounding error by which it may leave the picture."""
    height, width = source.shape[:2]
    return intersect(box, (0.0, 0.0, float(width), float(height)))
