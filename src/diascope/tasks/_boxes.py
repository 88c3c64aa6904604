"""Baseline of the box tasks: the mean box of each usual label."""

from collections.abc import Iterable, Mapping, Sequence

from diascope.answers import Answer, Box, Boxes
from diascope.expectations import BoxSpace
from diascope.metrics.sums import Array
from diascope.records import Case
from diascope.tasks._baselines import GROUPS, Group, mean_extents
from diascope.tasks.task import Predictor, asked


def mean_box(cases: Sequence[Case], groups: Sequence[Group] = GROUPS) -> Predictor:
    """One box per usual label of the question, at the mean of its corners relative to the image."""
    return mean_extents(cases, groups, _extents, _draw)


def _extents(answer: Answer) -> Iterable[tuple[str, Sequence[float]]]:
    boxes = answer.boxes if isinstance(answer, Boxes) else ()
    return [(box.label, box.corners) for box in boxes]


def _draw(case: Case, means: Mapping[str, Array]) -> Boxes:
    space = asked(case.turn, BoxSpace)
    names = [label for label in space.labels if label in means][: space.limit]
    return Boxes(boxes=tuple(_box(name, means[name]) for name in names))


def _box(label: str, rect: Array) -> Box:
    x0, y0, x1, y1 = (float(value) for value in rect)
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)
