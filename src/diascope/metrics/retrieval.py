"""Retrieval: whether the right one is among the most similar ones.

Rules. Each query has one or more right candidates; its rank is that of the best of them. A wrong
candidate that is as similar as the right one stands before it, so that a model that finds all alike
is last and not first. Recall at k is the share of queries whose rank is at most k.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Retrieval(NamedTuple):
    """How well queries find their own."""

    recall_at_1: float
    recall_at_5: float
    median_rank: float
    chance_at_5: float
    """Recall at 5 of a model that draws blindly."""


def retrieval(similarity: NDArray[np.float32], right: NDArray[np.bool_]) -> Retrieval:
    """Of [queries, candidates]; ValueError for a query that has nothing right to find."""
    found = ranks(similarity, right)
    return Retrieval(
        float((found <= 1).mean()),
        float((found <= 5).mean()),
        float(np.median(found)),
        _blind(right, 5),
    )


def ranks(similarity: NDArray[np.float32], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[queries] from 1: the rank of the best right candidate."""
    if not right.any(axis=1).all():
        raise ValueError("a query has no right candidate")
    best = np.where(right, similarity, -np.inf).max(axis=1, keepdims=True)
    before: NDArray[np.int64] = ((similarity >= best) & ~right).sum(axis=1)
    return before + 1


def _blind(right: NDArray[np.bool_], k: int) -> float:
    """1 - the chance that k candidates drawn without replacement are all wrong, over queries."""
    candidates, wrong = right.shape[1], (~right).sum(axis=1)
    drawn = np.arange(min(k, candidates))
    missed = np.clip((wrong[:, None] - drawn) / (candidates - drawn), 0, 1).prod(axis=1)
    return float(1 - missed.mean())
