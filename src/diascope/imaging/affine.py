"""Affine maps of a picture onto itself, and what they do to points, polygons and pixels.

A map is a [3, 3] matrix on columns (x, y, 1) in pixels: x right, y down, the picture from (0, 0) to
(width, height), the centre of the first pixel at (0.5, 0.5). Maps are composed with @, right first.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.geometry import Rect, Size

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]
Pixels = NDArray[np.uint8]
_NOISE = 1e-6


def about_centre(size: Size, degrees: float, factor: float) -> Matrix:
    """Turns clockwise on the screen and magnifies, the centre of the picture staying in place."""
    angle = math.radians(degrees)
    cosine, sine = factor * math.cos(angle), factor * math.sin(angle)
    x, y = size.width / 2, size.height / 2
    return np.array(
        [
            [cosine, -sine, x - (cosine * x - sine * y)],
            [sine, cosine, y - (sine * x + cosine * y)],
            [0.0, 0.0, 1.0],
        ]
    )


def onto_picture(window: Rect, size: Size) -> Matrix:
    """Stretches a window of the picture over the whole of it."""
    x0, y0, x1, y1 = window
    across, down = size.width / (x1 - x0), size.height / (y1 - y0)
    return np.array([[across, 0.0, -x0 * across], [0.0, down, -y0 * down], [0.0, 0.0, 1.0]])


def mirror(size: Size) -> Matrix:
    """Exchanges the left and the right edge of the picture."""
    return np.array([[-1.0, 0.0, float(size.width)], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def apply(matrix: Matrix, points: Points) -> Points:
    """Where the map takes points, both [n, 2]."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def keeps_picture(matrix: Matrix, size: Size) -> bool:
    """Whether the picture's corners fall on its corners, so that nothing leaves it."""
    corners = outline((0.0, 0.0, float(size.width), float(size.height)))
    return bool(np.allclose(np.sort(apply(matrix, corners), axis=0), np.sort(corners, axis=0)))


def outline(rect: Rect) -> Points:
    """The four corners of a rectangle, clockwise on the screen."""
    x0, y0, x1, y1 = rect
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)


def polygon_area(points: Points) -> float:
    """The area that a polygon of [n, 2] vertices encloses, whichever way it runs."""
    x, y = (points - points[:1]).T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2


def clip(points: Points, size: Size) -> Points:
    """The part of a polygon inside the picture; no rows where there is none.

    Sutherland and Hodgman 1974: a part in several pieces is joined by seams along the edges of the
    picture, which have no area.
    """
    for axis in (0, 1):
        points = _beyond(points, axis, 0.0, 1.0)
        points = _beyond(points, axis, float(size[axis]), -1.0)
    return points


def _beyond(points: Points, axis: int, bound: float, sign: float) -> Points:
    """The part of a polygon on one side of a line across an axis."""
    depth = sign * (points[:, axis] - bound)
    inside = depth >= 0
    if inside.all():
        return points
    following, next_depth = np.roll(points, -1, axis=0), np.roll(depth, -1)
    crosses = inside != (next_depth >= 0)
    share = depth / np.where(crosses, depth - next_depth, 1.0)
    crossings = points + share[:, None] * (following - points)
    vertices = np.stack([points, crossings], axis=1).reshape(-1, 2)
    kept: Points = vertices[np.stack([inside, crosses], axis=1).ravel()]
    return kept


def moved_spacing(matrix: Matrix, spacing: tuple[float, float]) -> tuple[float, float] | None:
    """Size of a moved pixel along x and y, in the unit of `spacing`.

    None where the moved axes are no longer square to each other, so that no two numbers say it.
    """
    back = np.diag(spacing) @ np.linalg.inv(matrix[:2, :2])
    metric = back.T @ back
    if abs(metric[0, 1]) > _NOISE * math.sqrt(metric[0, 0] * metric[1, 1]):
        return None
    return (math.sqrt(metric[0, 0]), math.sqrt(metric[1, 1]))


def warp(pixels: Pixels, matrix: Matrix) -> Pixels:
    """The moved picture in its old size, black where nothing came to lie.

    [height, width] or [height, width, 3], the map in pixels of this array. Interpolated bilinearly,
    once, to a grey level; where the map shrinks, each pixel is the mean of as many samples as it
    covers pixels.
    """
    if np.array_equal(matrix, np.eye(3)):
        return pixels
    height, width = pixels.shape[:2]
    samples = _samples(matrix)
    back = np.linalg.inv(matrix)[:2] / (samples, samples, 1)
    drawn = Image.fromarray(pixels).transform(
        (width * samples, height * samples),
        Image.Transform.AFFINE,
        tuple(back.ravel().tolist()),
        Image.Resampling.BILINEAR,
    )
    return np.array(drawn.reduce(samples) if samples > 1 else drawn)


def _samples(matrix: Matrix) -> int:
    """Samples along each side of a pixel so that none of the source is stepped over."""
    smallest = float(np.linalg.svd(matrix[:2, :2], compute_uv=False)[-1])
    return max(1, math.ceil(1 / smallest - _NOISE))
