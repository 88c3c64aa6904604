import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from diascope.metrics.retrieval import ranks, retrieval


def test_ranks_by_hand() -> None:
    similarity = np.array([[0.9, 0.1, 0.5], [0.2, 0.3, 0.4], [0.0, 0.0, 0.0]], np.float32)
    assert ranks(similarity, np.eye(3, dtype=bool)).tolist() == [1, 2, 3]


def test_a_model_that_finds_all_alike_is_last() -> None:
    found = retrieval(np.ones((10, 10), np.float32), np.eye(10, dtype=bool))
    assert found.recall_at_1 == found.recall_at_5 == 0
    assert found.median_rank == 10
    assert found.chance_at_5 == pytest.approx(0.5)


def test_the_best_of_several_right_ones_counts() -> None:
    right = np.array([[True, False, True]])
    assert ranks(np.array([[0.1, 0.5, 0.9]], np.float32), right).tolist() == [1]
    assert retrieval(np.array([[0.1, 0.5, 0.9]], np.float32), right).chance_at_5 == 1.0


def test_chance_by_hand() -> None:
    """Of eight candidates two are right: five draws miss both with 6/8 * 5/7 * 4/6 * 3/5 * 2/4."""
    right = np.array([[True, True] + [False] * 6])
    found = retrieval(np.zeros((1, 8), np.float32), right)
    assert found.chance_at_5 == pytest.approx(1 - 6 * 5 * 4 * 3 * 2 / (8 * 7 * 6 * 5 * 4))


def test_a_query_without_a_right_candidate_is_refused() -> None:
    with pytest.raises(ValueError, match="no right candidate"):
        ranks(np.zeros((1, 2), np.float32), np.zeros((1, 2), bool))


@given(
    similarity=arrays.arrays(np.float32, (6, 6), elements=st.floats(-1, 1, width=32), unique=True),
    order=st.permutations(range(6)),
)
def test_the_order_of_the_candidates_does_not_matter(
    similarity: np.ndarray, order: list[int]
) -> None:
    right = np.eye(6, dtype=bool)
    expected = ranks(similarity, right)
    assert (ranks(similarity[:, order], right[:, order]) == expected).all()
    assert ((expected >= 1) & (expected <= 6)).all()
