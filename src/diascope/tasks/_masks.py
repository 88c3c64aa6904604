"""Baseline of segmentation: an ellipse in the mean extents of each usual label."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from diascope.answers import Answer, Mask, Masks
from diascope.expectations import MaskSpace
from diascope.metrics.sums import Array
from diascope.records import Case
from diascope.tasks._baselines import GROUPS, mean_extents
from diascope.tasks.task import Predictor, asked


def mean_ellipse(cases: Sequence[Case]) -> Predictor:
    """One polygon of at most eight vertices, on an ellipse, per usual label of the question."""
    return mean_extents(cases, GROUPS, _extents, _draw)


def _extents(answer: Answer) -> Iterable[tuple[str, Sequence[float]]]:
    masks = answer.masks if isinstance(answer, Masks) else ()
    return ((mask.label, mask.bounds) for mask in masks)


def _draw(case: Case, means: Mapping[str, Array]) -> Masks:
    space = asked(case.turn, MaskSpace)
    names = [label for label in space.labels if label in means][: space.limit]
    corners = min(space.vertices, 8)
    return Masks(masks=tuple(_ellipse(name, means[name], corners) for name in names))


def _ellipse(label: str, extents: Array, corners: int) -> Mask:
    centre, radius = (extents[:2] + extents[2:]) / 2, (extents[2:] - extents[:2]) / 2
    angles = 2 * np.pi * np.arange(corners) / corners - np.pi / 2
    points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Mask(label=label, polygon=tuple((float(x), float(y)) for x, y in points))
