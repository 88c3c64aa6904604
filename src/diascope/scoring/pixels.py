"""A dumb but honest comparator: linear models on 32 by 32 grey pixels.

Shown in the same table as the model. Cases of one dataset with one expectation (and, for vqa, one
question) share a linear model: logistic regression for options and for each label, ridge for a
number, ridge on the box of each label where no training case has two boxes of one label. For the
rest, the answer of the training case with the nearest pixels; where no training case is in a case's
group, the task's trivial baseline. Regularisation is fixed. Of a record with several images only
the one asked about is seen.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Answer, Box, Boxes, Choice, Labels, Mask, Masks, Number
from diascope.expectations import BoxSpace, LabelSet, MaskSpace, Options, Range
from diascope.imaging.decode import read_grey
from diascope.records import Case
from diascope.tasks import task
from diascope.tasks.task import Predictor

SIDE = 32
Array = NDArray[np.float32]
_RIDGE = 300.0
_LOGISTIC = 0.003
"""scikit-learn's C; both suit about a thousand cases of a thousand standardised pixels."""
_MIN_SIDE = 1e-3
"""Smallest side of a predicted box, share of the image."""


def fit(cases: Sequence[Case], root: Path) -> Predictor:
    """Fitted on these training cases, whose image paths are relative to `root`."""
    groups: dict[Hashable, list[Case]] = defaultdict(list)
    for case in cases:
        groups[_group(case)].append(case)
    seen: dict[str, Array] = {}

    def pixels(case: Case) -> Array:
        if case.image.path not in seen:
            seen[case.image.path] = small(root / case.image.path)
        return seen[case.image.path]

    fitted = {key: _fit_group(found, pixels) for key, found in groups.items()}
    trivial = cache(lambda name: task(name).baseline([c for c in cases if c.turn.task == name]))

    def predict(case: Case) -> Answer:
        return (fitted.get(_group(case)) or trivial(case.turn.task))(case)

    return predict


def small(path: Path) -> Array:
    """The image as SIDE * SIDE grey values in [0, 1], by area averaging."""
    from PIL import Image

    picture = Image.fromarray(read_grey(path)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(picture, dtype=np.float32).ravel() / np.float32(255)


def _group(case: Case) -> Hashable:
    expects = case.turn.expects
    if isinstance(expects, Options):
        expects = expects.model_copy(update={"style": "texts"})
    question = case.turn.question if case.turn.task == "vqa" else ""
    return (case.record.dataset, case.turn.task, question, expects)


def _fit_group(cases: Sequence[Case], pixels: Callable[[Case], Array]) -> Predictor:
    features = np.stack([pixels(case) for case in cases])
    mean, spread = features.mean(axis=0), features.std(axis=0) + np.float32(1e-3)
    rows = (features - mean) / spread
    learner = {Options: _options, LabelSet: _labels, Range: _number, BoxSpace: _boxes}
    learner[MaskSpace] = _masks
    make = learner.get(type(cases[0].turn.expects), _nearest)
    answer = make(cases, rows) or _nearest(cases, rows)
    return lambda case: answer(case, (pixels(case) - mean) / spread)


Learned = Callable[[Case, Array], Answer]


def _nearest(cases: Sequence[Case], rows: Array) -> Learned:
    def answer(case: Case, row: Array) -> Answer:
        found = cases[int(np.argmin(((rows - row) ** 2).sum(axis=1)))]
        return _moved(found, case)

    return answer


def _moved(found: Case, case: Case) -> Answer:
    """The answer of a case, its geometry carried over to another's image."""
    truth = found.truth
    across = case.image.width / found.image.width
    down = case.image.height / found.image.height
    if isinstance(truth, Boxes):
        return Boxes(boxes=tuple(_scaled(box, across, down) for box in truth.boxes))
    if isinstance(truth, Masks):
        return Masks(
            masks=tuple(
                Mask(label=m.label, polygon=tuple((x * across, y * down) for x, y in m.polygon))
                for m in truth.masks
            )
        )
    return truth


def _scaled(box: Box, across: float, down: float) -> Box:
    x0, y0, x1, y1 = box.corners
    return Box(label=box.label, x0=x0 * across, y0=y0 * down, x1=x1 * across, y1=y1 * down)


def _classify(rows: Array, classes: Sequence[Any]) -> Callable[[Array], Any]:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    if len(set(classes)) == 1:
        return lambda row: classes[0]
    model = LogisticRegression(C=_LOGISTIC, max_iter=200, tol=1e-2).fit(rows, classes)
    return lambda row: model.predict(row[None])[0]


def _regress(rows: Array, targets: Array) -> Callable[[Array], Array]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=_RIDGE).fit(rows, targets)
    return lambda row: np.asarray(model.predict(row[None])[0])


def _options(cases: Sequence[Case], rows: Array) -> Learned:
    chosen = [case.truth.option if isinstance(case.truth, Choice) else "" for case in cases]
    predict = _classify(rows, chosen)
    return lambda case, row: Choice(option=str(predict(row)))


def _labels(cases: Sequence[Case], rows: Array) -> Learned:
    """One model a label, of three statuses, fitted where the label is known."""
    models = {label: _label(label, cases, rows) for label in _names(cases)}

    def answer(case: Case, row: Array) -> Labels:
        said: dict[str, list[str]] = defaultdict(list)
        for label, model in models.items():
            said[str(model(row))].append(label)
        return Labels(
            present=tuple(said["present"]),
            absent=tuple(said["absent"]),
            uncertain=tuple(said["uncertain"]),
        )

    return answer


def _label(label: str, cases: Sequence[Case], rows: Array) -> Callable[[Array], Any]:
    known = [
        (index, status) for index, case in enumerate(cases) if (status := _status(label, case))
    ]
    if not known:
        return lambda row: "absent"
    return _classify(rows[[index for index, _ in known]], [status for _, status in known])


def _status(label: str, case: Case) -> str | None:
    if not isinstance(case.truth, Labels):
        return None
    statuses = ("present", "absent", "uncertain")
    return next((name for name in statuses if label in getattr(case.truth, name)), None)


def _number(cases: Sequence[Case], rows: Array) -> Learned:
    values = [case.truth.value if isinstance(case.truth, Number) else np.nan for case in cases]
    predict = _regress(rows, np.asarray(values, dtype=np.float32))

    def answer(case: Case, row: Array) -> Number:
        expects = case.turn.expects
        assert isinstance(expects, Range)  # noqa: S101
        value = min(max(float(predict(row)), expects.low), expects.high)
        return Number(value=round(value, expects.decimals), unit=expects.unit)

    return answer


def _boxes(cases: Sequence[Case], rows: Array) -> Learned | None:
    found = [_corners(case, case.truth.boxes) for case in cases if isinstance(case.truth, Boxes)]
    predict = _extents(cases, rows, found)
    if predict is None:
        return None
    return lambda case, row: Boxes(
        boxes=tuple(
            Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)
            for label, (x0, y0, x1, y1) in predict(case, row)
        )
    )


def _masks(cases: Sequence[Case], rows: Array) -> Learned | None:
    found = [_corners(case, case.truth.masks) for case in cases if isinstance(case.truth, Masks)]
    predict = _extents(cases, rows, found)
    if predict is None:
        return None
    return lambda case, row: Masks(
        masks=tuple(Mask(label=label, polygon=_octagon(rect)) for label, rect in predict(case, row))
    )


def _corners(case: Case, things: Iterable[Box | Mask]) -> list[tuple[str, Array]]:
    """Label and corners of each thing as shares of the image."""
    sides = np.array([*case.image.size, *case.image.size], dtype=np.float32)
    corners = []
    for thing in things:
        if isinstance(thing, Box):
            rect = np.asarray(thing.corners, dtype=np.float32)
        else:
            points = np.asarray(thing.polygon, dtype=np.float32)
            rect = np.concatenate([points.min(axis=0), points.max(axis=0)])
        corners.append((thing.label, rect / sides))
    return corners


Extents = Callable[[Case, Array], list[tuple[str, tuple[float, float, float, float]]]]


def _extents(
    cases: Sequence[Case], rows: Array, found: list[list[tuple[str, Array]]]
) -> Extents | None:
    """Whether each label is there, and ridge on where; None where a label comes twice in a case."""
    if any(len({label for label, _ in each}) < len(each) for each in found):
        return None
    models = {}
    for label in _names(cases):
        there = [index for index, each in enumerate(found) if label in dict(each)]
        if there:
            is_there = _classify(rows, [label in dict(each) for each in found])
            targets = np.stack([dict(found[index])[label] for index in there])
            models[label] = (is_there, _regress(rows[there], targets))

    def predict(case: Case, row: Array) -> list[tuple[str, tuple[float, float, float, float]]]:
        present = [(label, where(row)) for label, (there, where) in models.items() if there(row)]
        return [(label, _in_image(case, rect)) for label, rect in present]

    return predict


def _names(cases: Sequence[Case]) -> tuple[str, ...]:
    expects = cases[0].turn.expects
    return expects.labels if isinstance(expects, LabelSet | BoxSpace | MaskSpace) else ()


def _in_image(case: Case, rect: Array) -> tuple[float, float, float, float]:
    """Shares of the image as pixels, with a positive area inside it."""
    low = np.clip(np.minimum(rect[:2], rect[2:]), 0, 1 - _MIN_SIDE)
    high = np.clip(np.maximum(rect[:2], rect[2:]), low + _MIN_SIDE, 1)
    width, height = case.image.size
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    return (x0 * width, y0 * height, x1 * width, y1 * height)


def _octagon(rect: tuple[float, float, float, float]) -> tuple[tuple[float, float], ...]:
    """The octagon in a box that cuts each corner off at the third part of its sides."""
    x0, y0, x1, y1 = rect
    a, b = (x1 - x0) / 3, (y1 - y0) / 3
    return (
        (x0 + a, y0), (x1 - a, y0), (x1, y0 + b), (x1, y1 - b),
        (x1 - a, y1), (x0 + a, y1), (x0, y1 - b), (x0, y0 + b),
    )  # fmt: skip
