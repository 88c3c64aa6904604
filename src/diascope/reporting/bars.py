"""An interval as a small drawing: where the score lies between bad and perfect, and beside what."""

from typing import NamedTuple

from diascope.scoring.scorecard import Row

WIDTH = 170.0


class Bar(NamedTuple):
    """Positions along a drawing of WIDTH units; better is always to the right."""

    value: float | None
    low: float | None
    high: float | None
    baseline: float | None
    ceiling: float | None
    chance: float | None
    left_end: float
    """The value of the metric at the left end of the axis."""
    right_end: float


def bar(row: Row) -> Bar:
    """The drawing of one task; the axis ends at the truth's own score."""
    metric, score = row.metric, row.metric.score
    shown = (score.value, score.low, score.high, metric.baseline, metric.ceiling, row.chance)
    known = [value for value in shown if value is not None]
    right = float(metric.higher_is_better) if metric.best is None else metric.best
    left = min([0.0, *known]) if metric.higher_is_better else 1.08 * max([0.0, *known])
    left = left if left != right else right - 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else round(WIDTH * (value - left) / (right - left), 1)

    return Bar(
        place(score.value),
        place(score.low),
        place(score.high),
        place(metric.baseline),
        place(metric.ceiling),
        place(row.chance),
        left,
        right,
    )
