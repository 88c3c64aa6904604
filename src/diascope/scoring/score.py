"""Score a folder of predictions: reads files, loads no model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diascope.answers import Answer, Boxes, Masks
from diascope.errors import InputError, nearest
from diascope.geometry import intersect
from diascope.metrics.sums import Array
from diascope.predictionfile import PredictionFile, Provenance
from diascope.predictions import Invalid, Repaired
from diascope.records import Case
from diascope.scoring.answered import Answered, join, open_records, training_cases
from diascope.scoring.collapse import collapse
from diascope.scoring.scorecard import (
    Counts,
    GroupScore,
    Interval,
    MetricScore,
    Sample,
    Scorecard,
    TaskScore,
)
from diascope.scoring.sheet import Sheet, defined, fill
from diascope.tasks import task as task_named
from diascope.tasks.chance import chance_level
from diascope.tasks.task import Task

WHOLE = 1 - 1e-6
"""From this visible share on an object counts as whole."""
_SHOWN = 4
_SHOWN_INVALID = 12
_FIELDS = ("dataset", "licence", "split", "study")
_IMAGE_FIELDS = ("role", "view")


@dataclass(frozen=True)
class Settings:
    """How intervals are made, and which subgroup a case belongs to; None makes no subgroups."""

    resamples: int
    seed: int
    group: Callable[[Case], str] | None = None


def score(
    predictions: Path,
    records: Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
    by: str | None = None,
) -> Scorecard:
    """Everything there is to say of a folder of predictions, task by task.

    `records` overrides where the provenance says the records are. `by` makes subgroups by a field
    of the record (dataset, licence, split, study), of the image (role, view), or by a key of the
    record's metadata. InputError for files that do not belong together.
    """
    file = PredictionFile.open(predictions)
    asked = open_records(file, records)
    joined = join(file, asked)
    group = (
        None if by is None else _grouping(by, [each for some in joined.values() for each in some])
    )
    settings = Settings(resamples, seed, group)
    tasks = tuple(
        score_task(
            task_named(name), answered, training_cases(asked, name), file.provenance, settings
        )
        for name, answered in sorted(joined.items())
    )
    return Scorecard(
        predictions=str(file.folder.resolve()),
        records=str(asked.path.resolve()),
        provenance=file.provenance,
        resamples=resamples,
        seed=seed,
        by=by,
        tasks=tasks,
    )


def score_task(
    task: Task,
    answered: Sequence[Answered],
    training: Sequence[Case],
    provenance: Provenance,
    settings: Settings,
) -> TaskScore:
    """One task's score; without training cases there is no baseline to stand beside it."""
    cases = [each.case for each in answered]
    snapped = [_snapped(task, case, provenance) for case in cases]
    sets: dict[str, Sequence[Answer | None]] = {
        "reply": [each.answer for each in answered],
        "ceiling": snapped,
        "best": [case.truth for case in cases],
        "worst": [None] * len(cases),
    }
    if training:
        predictor = task.baseline(training)
        sets["baseline"] = [predictor(case) for case in cases]
    sheet = fill(task, cases, sets)
    readable = np.array([each.answer is not None for each in answered])
    return TaskScore(
        task=task.name,
        counts=_counts(answered, provenance),
        chance=chance_level(task, cases, settings.seed),
        metrics=metric_scores(sheet, readable, settings),
        collapse=collapse(answered, snapped),
        samples=_samples(sheet, answered, settings.seed),
        groups=_groups(sheet, answered, provenance, settings),
    )


def metric_scores(
    sheet: Sheet, readable: NDArray[np.bool_], settings: Settings
) -> tuple[MetricScore, ...]:
    """Every metric of a sheet, the primary one first; `readable` tells the invalid replies."""
    names = [name for name in ("reply", "baseline") if name in sheet.rows]
    samples = sheet.samples(names, settings.resamples, settings.seed)
    points = {name: sheet.point(name) for name in sheet.rows}
    legible = sheet.subset(readable).point("reply") if readable.any() else {}
    order = sorted(points["reply"], key=lambda metric: metric != sheet.task.primary)
    return tuple(
        MetricScore(
            metric=metric,
            higher_is_better=_rises(sheet.task, metric, points),
            score=sheet.interval(points["reply"][metric], samples["reply"][metric]),
            without_invalid=_value(legible, metric),
            baseline=_value(points.get("baseline", {}), metric),
            difference=_difference(sheet, metric, points, samples),
            ceiling=_value(points["ceiling"], metric),
            best=_value(points["best"], metric),
        )
        for metric in order
    )


Points = dict[str, dict[str, Array]]


def _difference(sheet: Sheet, metric: str, points: Points, samples: Points) -> Interval:
    if "baseline" not in points:
        return Interval()
    sign = 1 if _rises(sheet.task, metric, points) else -1
    value, drawn = (
        sign * (each["reply"][metric] - each["baseline"][metric]) for each in (points, samples)
    )
    return sheet.interval(value, drawn)


def _rises(task: Task, metric: str, points: Points) -> bool:
    """A secondary metric runs the way that leads from only invalid replies to the truth."""
    if metric == task.primary:
        return task.higher_is_better
    return not points["best"][metric] < points["worst"][metric]


def _value(metrics: dict[str, Array], metric: str) -> float | None:
    return defined(metrics[metric]) if metric in metrics else None


def _snapped(task: Task, case: Case, provenance: Provenance) -> Answer:
    canvas = provenance.canvas.map(case.image.size)
    snapped: Answer = task.codec(case.turn, provenance.dialect, canvas).snap(task.order(case.truth))
    return snapped


def _counts(answered: Sequence[Answered], provenance: Provenance) -> Counts:
    outcomes = [each.outcome for each in answered]
    return Counts(
        n=len(answered),
        patients=len({each.case.record.patient for each in answered}),
        invalid=sum(isinstance(outcome, Invalid) for outcome in outcomes),
        missing=sum(each.prediction is None for each in answered),
        repaired=sum(isinstance(outcome, Repaired) for outcome in outcomes),
        cut=sum(_cut(each.case, provenance) for each in answered),
    )


def _cut(case: Case, provenance: Provenance) -> int:
    """How many objects of the truth the canvas does not show whole."""
    placed = provenance.canvas.map(case.image.size)
    image = (0.0, 0.0, float(case.image.width), float(case.image.height))
    match case.truth:
        case Boxes(boxes=boxes):
            places = [box.corners for box in boxes]
        case Masks(masks=masks):
            places = [mask.bounds for mask in masks]
        case _:
            return 0
    return sum(placed.shown(intersect(place, image)) < WHOLE for place in places)


def _samples(sheet: Sheet, answered: Sequence[Answered], seed: int) -> tuple[Sample, ...]:
    """Cases to look at: drawn at random, the worst of those that can be read, invalid ones."""
    sign = 1 if sheet.task.higher_is_better else -1
    each = sheet.each("reply")
    gap = np.nan_to_num(sign * (sheet.each("best") - each), nan=0.0)
    shuffled = np.random.default_rng(seed).permutation(len(answered))
    drawn = shuffled[:_SHOWN]
    read = [i for i in shuffled if answered[i].answer is not None and i not in drawn]
    worst = sorted((i for i in read if gap[i] > 0), key=lambda i: -gap[i])[:_SHOWN]
    invalid = [i for i in range(len(answered)) if answered[i].answer is None]
    chosen: list[tuple[Literal["random", "worst", "invalid"], Sequence[int]]] = [
        ("random", list(drawn)),
        ("worst", worst),
        ("invalid", invalid[:_SHOWN_INVALID]),
    ]
    return tuple(
        Sample(case=answered[i].case.id, why=why, value=defined(each[i]))
        for why, indices in chosen
        for i in indices
    )


def _groups(
    sheet: Sheet, answered: Sequence[Answered], provenance: Provenance, settings: Settings
) -> tuple[GroupScore, ...]:
    if settings.group is None:
        return ()
    names = np.array([settings.group(each.case) for each in answered])
    readable = np.array([each.answer is not None for each in answered])
    return tuple(
        GroupScore(
            group=str(name),
            counts=_counts(
                [each for each, own in zip(answered, names, strict=True) if own == name], provenance
            ),
            score=metric_scores(sheet.subset(names == name), readable[names == name], settings)[0],
        )
        for name in np.unique(names)
    )


def _grouping(by: str, answered: Sequence[Answered]) -> Callable[[Case], str]:
    if by in _FIELDS:
        return lambda case: str(getattr(case.record, by))
    if by in _IMAGE_FIELDS:
        return lambda case: str(getattr(case.image, by) or "unknown")
    keys = {key for each in answered for key in each.case.record.metadata}
    if by not in keys:
        valid = {*keys, *_FIELDS, *_IMAGE_FIELDS}
        raise InputError(f"by={by}: no record has it{nearest(by, valid)}")
    return lambda case: case.record.metadata.get(by, "unknown")
