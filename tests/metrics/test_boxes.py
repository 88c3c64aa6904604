from itertools import permutations

import numpy as np
import pytest

from diascope.answers import Box
from diascope.metrics.boxes import (
    Pair,
    f1_at_50,
    f1_of,
    greedy,
    mean_iou,
    optimal,
    overlaps,
    precision,
    recall,
    row,
)


def box(x0: float, y0: float, x1: float, y1: float, label: str = "a") -> Box:
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)


WHOLE, HALF, LESS = box(0, 0, 10, 10), box(0, 0, 10, 5), box(0, 0, 10, 4.9)
FAR = box(20, 20, 30, 30)


@pytest.mark.parametrize(
    ("truth", "reply", "tp_fp_fn"),
    [
        ([WHOLE], [WHOLE], (1, 0, 0)),
        ([WHOLE], [HALF], (1, 0, 0)),  # an IoU of exactly 0.5 matches
        ([WHOLE], [LESS], (0, 1, 1)),
        ([WHOLE], [WHOLE, WHOLE], (1, 1, 0)),  # a duplicate is a false box
        ([WHOLE, FAR], [FAR, WHOLE], (2, 0, 0)),
        ([WHOLE], [box(0, 0, 10, 10, "b")], (0, 1, 1)),  # the label must agree
        ([WHOLE, FAR], [], (0, 0, 2)),
        ([], [WHOLE], (0, 1, 0)),
        ([], [], (0, 0, 0)),
        ([WHOLE, FAR], None, (0, 0, 2)),
        ([], None, (0, 1, 0)),  # never better than an empty reply
    ],
)
def test_counts_by_hand(truth, reply, tp_fp_fn):
    scored = row(truth, reply)
    assert (scored["tp"], scored["fp"], scored["fn"]) == tp_fp_fn


def test_counts_are_pooled_over_images(total):
    sums = total([row([WHOLE, FAR], [WHOLE]), row([], [FAR]), row([], [])])
    assert f1_at_50(sums) == pytest.approx(2 / 4)
    assert precision(sums) == recall(sums) == pytest.approx(1 / 2)
    assert np.isnan(f1_at_50(total([row([], [])])))


def test_a_lower_threshold_matches_more(total):
    sums = total([row([WHOLE], [LESS])])
    assert f1_of(sums, "tp_30") == 1.0
    assert f1_at_50(sums) == 0.0


# greedily the pair of 0.9 is taken first, which leaves the other two without a partner
CROSSED = np.array([[0.9, 0.6], [0.6, 0.0]])


def test_greedy_takes_the_best_pair_and_optimal_the_most_pairs():
    assert greedy(CROSSED, 0.5) == [Pair(0, 0, 0.9)]
    assert sorted(optimal(CROSSED, 0.5)) == [Pair(0, 1, 0.6), Pair(1, 0, 0.6)]


def test_more_pairs_outweigh_a_larger_total_overlap():
    overlap = np.array([[0.9, 0.35], [0.35, 0.0]])
    assert sorted(optimal(overlap, 0.3)) == [Pair(0, 1, 0.35), Pair(1, 0, 0.35)]


def test_among_equal_counts_the_larger_total_overlap_wins():
    overlap = np.array([[0.9, 0.6], [0.7, 0.8]])
    assert sorted(optimal(overlap, 0.5)) == [Pair(0, 0, 0.9), Pair(1, 1, 0.8)]


def test_both_matchings_reach_the_row():
    # IoU with the first reply: 1, 0.6; with the second: 0.6, 1/3
    truth = [box(0, 0, 40, 10), box(10, 0, 50, 10)]
    reply = [box(0, 0, 40, 10), box(-10, 0, 30, 10)]
    assert row(truth, reply) == {"tp": 2.0, "fp": 0.0, "fn": 0.0, "tp_greedy": 1.0, "tp_30": 2.0}


def most_matches(overlap: np.ndarray, threshold: float) -> tuple[int, float]:
    """Brute force: the most pairs at the threshold, and the largest total IoU among those."""
    rows, columns = overlap.shape
    if rows > columns:
        return most_matches(overlap.T, threshold)
    best = (0, 0.0)
    for chosen in permutations(range(columns), rows):
        kept = [overlap[i, j] for i, j in enumerate(chosen) if overlap[i, j] >= threshold]
        best = max(best, (len(kept), sum(kept)))
    return best


@pytest.mark.parametrize("seed", range(30))
def test_optimal_matching_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    overlap = rng.random(tuple(rng.integers(1, 5, 2))) * (rng.random() + 0.3)
    pairs = optimal(overlap, 0.5)
    assert len({pair.truth for pair in pairs}) == len({pair.reply for pair in pairs}) == len(pairs)
    found = (len(pairs), sum(pair.iou for pair in pairs))
    assert found == pytest.approx(most_matches(overlap, 0.5))
    assert len(greedy(overlap, 0.5)) <= len(pairs)


def test_overlap_is_zero_where_labels_differ():
    table = overlaps([WHOLE, FAR], [HALF, box(0, 0, 10, 10, "b")])
    np.testing.assert_array_equal(table, [[0.5, 0.0], [0.0, 0.0]])
    assert overlaps([WHOLE], []).shape == (1, 0)


@pytest.mark.parametrize(
    ("truth", "reply", "iou"),
    [
        ([WHOLE], [HALF], 0.5),
        ([WHOLE], [box(0, 0, 10, 10, "b")], 1.0),  # labels are not compared
        ([WHOLE], [WHOLE, FAR], 0.5),  # one box too many
        ([WHOLE, FAR], [HALF, FAR], 0.75),
        ([WHOLE], [FAR], 0.0),
        ([WHOLE], [], 0.0),
        ([], [], 1.0),
        ([], [WHOLE], 0.0),
        ([], None, 0.0),
        ([WHOLE], None, 0.0),
    ],
)
def test_mean_iou_by_hand(truth, reply, iou):
    assert mean_iou(truth, reply) == pytest.approx(iou)
