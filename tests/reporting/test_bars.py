"""Better lies to the right, whichever way the metric runs."""

import pytest

from diascope.reporting.bars import WIDTH, bar
from diascope.scoring.scorecard import Counts, Interval, MetricScore, Row


def row(value, low, high, baseline, higher=True, best=1.0, chance=None):
    metric = MetricScore(
        metric="m",
        higher_is_better=higher,
        score=Interval(value=value, low=low, high=high),
        baseline=baseline,
        ceiling=best,
        best=best,
    )
    return Row("t", Counts(n=1, patients=1, invalid=0), metric, chance, alarm=False)


def test_a_share_runs_from_nothing_to_all():
    found = bar(row(0.5, 0.25, 0.75, 0.1, chance=0.2))
    assert (found.left_end, found.right_end) == (0, 1)
    assert (found.low, found.value, found.high) == (WIDTH / 4, WIDTH / 2, WIDTH * 3 / 4)
    assert (found.baseline, found.chance, found.ceiling) == (WIDTH / 10, WIDTH / 5, WIDTH)


def test_an_error_runs_from_large_to_none():
    found = bar(row(2, 1, 3, 5, higher=False, best=0.0))
    assert found.right_end == 0
    assert found.left_end == pytest.approx(5 * 1.08)
    assert found.baseline < found.high < found.value < found.low < WIDTH


def test_a_negative_score_widens_the_axis():
    found = bar(row(-3, -4, 0.5, -1))
    assert found.left_end == -4
    assert found.low == 0


def test_what_is_not_defined_is_not_drawn():
    found = bar(row(None, None, None, None, higher=False, best=0.0))
    assert found.value is None
    assert found.baseline is None
    assert found.left_end != found.right_end
