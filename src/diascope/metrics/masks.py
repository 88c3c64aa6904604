"""Labelled regions: polygons filled on a pixel grid, IoU and Dice."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Mask
from diascope.geometry import Size
from diascope.metrics.sums import Array

Pixels = NDArray[np.bool_]


class Overlap(NamedTuple):
    """Agreement of two regions, both in [0, 1]."""

    iou: float
    dice: float


def rasterise(masks: Sequence[Mask], size: Size, longest: int = 512) -> Pixels:
    """The union of the masks: [height, width], scaled down so that no side exceeds `longest`."""
    scale = min(1.0, longest / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    picture = np.zeros((height, width), dtype=np.bool_)
    for mask in masks:
        picture |= _filled(np.array(mask.polygon, dtype=np.float64) * scale, width, height)
    return picture


def _filled(polygon: Array, width: int, height: int) -> Pixels:
    """Pixels whose centre is inside the polygon [vertices, 2], by the even-odd rule."""
    # PIL's polygon also fills every pixel on the outline: 99 pixels for a square of 10 by 8.
    x0, y0 = polygon.T[:, :, None]
    x1, y1 = np.roll(polygon, -1, axis=0).T[:, :, None]
    centres = np.arange(height) + 0.5
    edges, rows = np.nonzero((y0 <= centres) != (y1 <= centres))
    along = (centres[rows] - y0[edges, 0]) / (y1 - y0)[edges, 0]
    crossings = x0[edges, 0] + along * (x1 - x0)[edges, 0]
    columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(np.intp)
    toggles = np.zeros((height, width + 1), dtype=np.intp)
    np.add.at(toggles, (rows, columns), 1)
    return np.asarray(toggles[:, :width].cumsum(axis=1) % 2 == 1)


def overlap(truth: Pixels, reply: Pixels) -> Overlap:
    """IoU and Dice of two rasters of one shape; two empty ones agree."""
    common, total = int((truth & reply).sum()), int(truth.sum()) + int(reply.sum())
    if total == 0:
        return Overlap(1.0, 1.0)
    return Overlap(common / (total - common), 2 * common / total)


def mean_overlap(
    truth: Sequence[Mask], reply: Sequence[Mask] | None, labels: Collection[str], size: Size
) -> Overlap:
    """Mean over labels of the agreement of the unions of each label's masks.

    Of `labels`, those count that the truth or the reply has; with none of them the two agree: 1.
    A reply of None is 0.
    """
    if reply is None:
        return Overlap(0.0, 0.0)
    named = sorted({mask.label for mask in (*truth, *reply)} & set(labels))
    if not named:
        return Overlap(1.0, 1.0)
    each = [overlap(_region(truth, name, size), _region(reply, name, size)) for name in named]
    return Overlap(*(float(np.mean(values)) for values in zip(*each, strict=True)))


def _region(masks: Sequence[Mask], label: str, size: Size) -> Pixels:
    return rasterise([mask for mask in masks if mask.label == label], size)
