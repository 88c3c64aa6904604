import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diascope.training.pairing import belonging, distinct, retrieved


def test_equal_texts_and_one_picture_belong_together() -> None:
    """Examples: a picture with its report, the same one with its labels, another so labelled."""
    found = belonging(["a", "a", "b"], ["report", "effusion", "effusion"])
    assert found.tolist() == [[True, True, True], [True, True, True], [False, True, True]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_a_text_belongs_to_a_picture_if_an_example_has_both(pairs: list[tuple[int, int]]) -> None:
    pictures, texts = zip(*pairs, strict=True)
    expected = [[(p, t) in pairs for t in texts] for p in pictures]
    assert belonging(pictures, texts).tolist() == expected


def test_the_first_of_each_is_kept() -> None:
    assert distinct(["x", "y", "x", "z", "y"]) == [0, 1, 3]


def test_both_directions_are_measured() -> None:
    """Every text finds its picture; only one picture in two finds its text."""
    similarity = np.array([[0.9, 0.8], [0.95, 0.85]], np.float32)
    found = retrieved(similarity, np.eye(2, dtype=bool))
    assert found["recall_at_1"] == 0.5
    assert found["recall_at_5"] == found["chance_at_5"] == 1.0
