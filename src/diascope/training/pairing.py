"""Which texts belong to which pictures, among many of both."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from diascope.metrics.retrieval import retrieval


def belonging(pictures: Sequence[Hashable], texts: Sequence[Hashable]) -> NDArray[np.bool_]:
    """[pictures, texts] from what tells each example's pictures and text from all others.

    Examples with equal texts, or of one picture, are no wrong answers to one another: a text
    belongs to a picture if any example has both.
    """
    same_picture, same_text = (_same(each).astype(np.float32) for each in (pictures, texts))
    return same_picture @ same_text > 0


def distinct(keys: Sequence[Hashable]) -> list[int]:
    """The first place of every key."""
    first: dict[Hashable, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    return list(first.values())


def retrieved(similarity: NDArray[np.float32], right: NDArray[np.bool_]) -> dict[str, float]:
    """The mean of finding texts by pictures [pictures, texts] and pictures by texts."""
    both = retrieval(similarity, right), retrieval(similarity.T, right.T)
    return {name: sum(getattr(each, name) for each in both) / 2 for name in both[0]._fields}


def _same(keys: Sequence[Hashable]) -> NDArray[np.bool_]:
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys])
    same: NDArray[np.bool_] = codes[:, None] == codes[None, :]
    return same
