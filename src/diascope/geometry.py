"""Box conventions, overlap, and the invertible map between an image and a model's canvas.

A rectangle is four floats x0, y0, x1, y1. In the original image they are pixels; on the canvas they
are canvas pixels. A written box follows a `BoxFormat`, which comes from the record or the model
family and is never guessed from the numbers.
"""

import hashlib
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Box
from diascope.values import Value

Rect = tuple[float, float, float, float]
Order = Literal["xyxy", "xywh", "cxcywh", "yxyx"]
Space = Literal["pixels", "canvas", "unit", "percent", "permille", "bins1024"]
Fit = Literal["stretch", "pad", "crop"]

_UNITS: dict[Space, float] = {"unit": 1.0, "percent": 100.0, "permille": 1000.0, "bins1024": 1023.0}


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


class BoxFormat(Value):
    """How four numbers spell a box: the order of the corners and the space they are measured in.

    `pixels` are pixels of the original image, `canvas` those of the canvas that a model sees;
    `unit`, `percent` and `permille` are 0-1, 0-100 and 0-1000 of the frame's sides; `bins1024` are
    big_vision's location bins, round(coordinate * 1023).
    """

    order: Order = "xyxy"
    space: Space = "pixels"

    def write(self, rect: Rect, frame: Size) -> tuple[float, float, float, float]:
        """The four numbers that spell `rect`, unrounded."""
        across, down = self._units(frame)
        x0, x1 = rect[0] * across, rect[2] * across
        y0, y1 = rect[1] * down, rect[3] * down
        match self.order:
            case "xyxy":
                return (x0, y0, x1, y1)
            case "yxyx":
                return (y0, x0, y1, x1)
            case "xywh":
                return (x0, y0, x1 - x0, y1 - y0)
            case "cxcywh":
                return ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)

    def read(self, numbers: tuple[float, float, float, float], frame: Size) -> Rect:
        """The rectangle that four numbers spell; the exact inverse of `write`."""
        a, b, c, d = numbers
        match self.order:
            case "xyxy":
                x0, y0, x1, y1 = a, b, c, d
            case "yxyx":
                x0, y0, x1, y1 = b, a, d, c
            case "xywh":
                x0, y0, x1, y1 = a, b, a + c, b + d
            case "cxcywh":
                x0, y0, x1, y1 = a - c / 2, b - d / 2, a + c / 2, b + d / 2
        across, down = self._units(frame)
        return (x0 / across, y0 / down, x1 / across, y1 / down)

    def _units(self, frame: Size) -> tuple[float, float]:
        if self.space in ("pixels", "canvas"):
            return (1.0, 1.0)
        unit = _UNITS[self.space]
        return (unit / frame.width, unit / frame.height)


def area(rect: Rect) -> float:
    """Area, 0 for an inverted rectangle."""
    return max(0.0, rect[2] - rect[0]) * max(0.0, rect[3] - rect[1])


def intersect(a: Rect, b: Rect) -> Rect:
    """The common part; inverted when there is none."""
    return (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))


def iou(a: Rect, b: Rect) -> float:
    """Intersection over union in [0, 1]."""
    common = area(intersect(a, b))
    union = area(a) + area(b) - common
    return common / union if union > 0 else 0.0


def iou_matrix(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of every pair of rows of two [n, 4] arrays of corners: [len(a), len(b)]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(r[:, 2:] - r[:, :2], 0, None).prod(axis=1) for r in (a, b)]
    union = areas[0][:, None] + areas[1][None, :] - common
    shares: NDArray[np.float64] = np.zeros_like(common)
    np.divide(common, union, out=shares, where=union > 0)
    return shares


class Placed(NamedTuple):
    """A box on the canvas, or None when nothing of it is there, and the share that is."""

    rect: Rect | None
    visible: float


class CanvasMap(Value):
    """canvas = original * scale + offset, per axis; invertible and hashed.

    `stretch` fills the canvas and changes the aspect ratio, `pad` shows the whole image centred,
    `crop` scales the shorter side to the canvas and cuts the longer one at both ends.
    """

    original: tuple[int, int]
    """Width and height of the original image, pixels."""
    canvas: tuple[int, int]
    """Width and height of the canvas, canvas pixels."""
    scale: tuple[float, float]
    """Canvas pixels per original pixel along x and y."""
    offset: tuple[float, float]
    """Where the original's upper left corner falls on the canvas."""

    @classmethod
    def fit(cls, original: Size, canvas: Size, how: Fit) -> "CanvasMap":
        """The map that lays `original` onto `canvas` in one of the three ways."""
        ratios = (canvas.width / original.width, canvas.height / original.height)
        if how != "stretch":
            ratio = min(ratios) if how == "pad" else max(ratios)
            ratios = (ratio, ratio)
        offset = (
            (canvas.width - original.width * ratios[0]) / 2,
            (canvas.height - original.height * ratios[1]) / 2,
        )
        return cls(
            original=(original.width, original.height),
            canvas=(canvas.width, canvas.height),
            scale=ratios,
            offset=offset,
        )

    @property
    def canvas_size(self) -> Size:
        """The canvas as a Size."""
        return Size(*self.canvas)

    @property
    def original_size(self) -> Size:
        """The original image as a Size."""
        return Size(*self.original)

    @property
    def digest(self) -> str:
        """Sixteen hex digits that change whenever the map does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def point_to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """A point of the original on the canvas, unclipped."""
        return (x * self.scale[0] + self.offset[0], y * self.scale[1] + self.offset[1])

    def point_to_original(self, x: float, y: float) -> tuple[float, float]:
        """A point of the canvas in original pixels, unclipped."""
        return ((x - self.offset[0]) / self.scale[0], (y - self.offset[1]) / self.scale[1])

    def rect_to_canvas(self, rect: Rect) -> Rect:
        """A rectangle of the original on the canvas, unclipped."""
        return self.point_to_canvas(rect[0], rect[1]) + self.point_to_canvas(rect[2], rect[3])

    def rect_to_original(self, rect: Rect) -> Rect:
        """A rectangle of the canvas in original pixels, unclipped."""
        return self.point_to_original(rect[0], rect[1]) + self.point_to_original(rect[2], rect[3])

    def place(self, box: Box) -> Placed:
        """The part of `box` inside the canvas, in canvas pixels, and how much of it that is."""
        visible = self.shown(box.corners)
        return Placed(self._inside(box.corners) if visible > 0 else None, visible)

    def visible(self, box: Box) -> float:
        """The share of the box's area that the canvas shows, in [0, 1]."""
        return self.shown(box.corners)

    def shown(self, rect: Rect) -> float:
        """The share of a rectangle of the original that the canvas shows, in [0, 1]."""
        whole = area(self.rect_to_canvas(rect))
        return area(self._inside(rect)) / whole if whole > 0 else 0.0

    def _inside(self, rect: Rect) -> Rect:
        whole = (0.0, 0.0, float(self.canvas[0]), float(self.canvas[1]))
        return intersect(self.rect_to_canvas(rect), whole)
