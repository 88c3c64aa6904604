"""Labelled boxes: matching one to one, and F1 at an IoU threshold, counts pooled over images.

Rules. A pair may match when its labels agree and its IoU is at least the threshold, as in COCO.
`optimal` matching has the most pairs possible and, among those, the largest total IoU; `greedy`
takes pairs by falling IoU. Counts are pooled, so an image with no object and no box adds nothing.
A reply of None misses every object, and counts as one false box where there is no object, so that
it is never better than an empty reply.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diascope.answers import Box
from diascope.geometry import iou_matrix
from diascope.metrics.sums import Array, Row, Sums, f1, ratio


class Pair(NamedTuple):
    """A true box and the replied box matched to it, by position, and their IoU."""

    truth: int
    reply: int
    iou: float


def row(truth: Sequence[Box], reply: Sequence[Box] | None) -> Row:
    """One image: tp, fp and fn at IoU 0.5; true positives greedily, and at 0.3, beside them."""
    said = reply or ()
    overlap = overlaps(truth, said)
    matched = float(len(optimal(overlap, 0.5)))
    ghosts = float(reply is None and not truth)
    return {
        "tp": matched,
        "fp": len(said) - matched + ghosts,
        "fn": len(truth) - matched,
        "tp_greedy": float(len(greedy(overlap, 0.5))),
        "tp_30": float(len(optimal(overlap, 0.3))),
    }


def overlaps(truth: Sequence[Box], reply: Sequence[Box], any_label: bool = False) -> Array:
    """IoU of every true box with every replied one, 0 where the labels differ: [truth, reply]."""
    if not truth or not reply:
        return np.zeros((len(truth), len(reply)))
    corners = [
        np.array([box.corners for box in boxes], dtype=np.float64) for boxes in (truth, reply)
    ]
    same = np.array([[any_label or a.label == b.label for b in reply] for a in truth])
    return np.where(same, iou_matrix(*corners), 0.0)


def optimal(overlap: Array, threshold: float) -> list[Pair]:
    """The most pairs with IoU at least `threshold` > 0; among those the largest total IoU."""
    from scipy.optimize import linear_sum_assignment

    # A pair more must outweigh any gain in IoU, which is at most one a pair.
    worth = np.where(overlap >= threshold, min(overlap.shape) + 1 + overlap, 0.0)
    pairs = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return [Pair(int(i), int(j), float(overlap[i, j])) for i, j in pairs if worth[i, j] > 0]


def greedy(overlap: Array, threshold: float) -> list[Pair]:
    """Pairs with IoU at least `threshold`, taken by falling IoU, then in order of appearance."""
    candidates = sorted(
        (-overlap[i, j], int(i), int(j)) for i, j in np.argwhere(overlap >= threshold)
    )
    pairs: list[Pair] = []
    for negated, i, j in candidates:
        if all(i != pair.truth and j != pair.reply for pair in pairs):
            pairs.append(Pair(i, j, float(-negated)))
    return pairs


def mean_iou(truth: Sequence[Box], reply: Sequence[Box] | None) -> float:
    """Total IoU of the best one-to-one pairing over the larger number of boxes, in [0, 1].

    Labels are not compared. Two empty lists agree: 1. A reply of None is 0.
    """
    if reply is None:
        return 0.0
    if not truth and not reply:
        return 1.0
    pairs = optimal(overlaps(truth, reply, any_label=True), np.finfo(np.float64).tiny)
    return sum(pair.iou for pair in pairs) / max(len(truth), len(reply))


def f1_at_50(sums: Sums) -> Array:
    """F1 at IoU 0.5 with optimal matching."""
    return f1(sums["tp"], sums["fp"], sums["fn"])


def precision(sums: Sums) -> Array:
    """The share of replied boxes that match a true one."""
    return ratio(sums["tp"], sums["tp"] + sums["fp"])


def recall(sums: Sums) -> Array:
    """The share of true boxes that are matched."""
    return ratio(sums["tp"], sums["tp"] + sums["fn"])


def f1_of(sums: Sums, matched: str) -> Array:
    """F1 with another column of true positives over the same boxes."""
    return ratio(2 * sums[matched], 2 * sums["tp"] + sums["fp"] + sums["fn"])
