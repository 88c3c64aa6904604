"""The convention of boxes is read from words alone, and only from words that spell one."""

import pytest

from diascope.sources.box_words import is_scaled, order_of, stated_orders


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("x_min, y_min, x_max, y_max", "xyxy"),
        ("Left, Top, Width, Height", "xywh"),
        ("'cx', 'cy', 'w', 'h'", "cxcywh"),
        ("y1,x1,y2,x2", "yxyx"),
        ("x, y, z, t", None),
        ("10, 20, 30, 40", None),
        ("", None),
    ],
)
def test_the_words_of_one_bracket(words: str, order: str | None) -> None:
    assert order_of(words) == order


def test_every_convention_of_a_question_is_told() -> None:
    assert stated_orders("As [x, y, width, height] or (x1, y1, x2, y2)?") == {"xywh", "xyxy"}
    assert stated_orders("Boxes of the cells (RBC, WBC) like [1, 2, 3, 4].") == frozenset()


@pytest.mark.parametrize(
    ("question", "scaled"),
    [
        ("in pixels", False),
        ("normalised to the image", True),
        ("as fractions", True),
        ("scaled to 0-1000", True),
        ("between 0 and 1", True),
        ("one of 0 to 10 boxes", False),
    ],
)
def test_scaled_boxes(question: str, scaled: bool) -> None:
    assert is_scaled(question) == scaled
