"""Answers as FLARE writes them: every shape is read, and what is no answer says why."""

from typing import Any

import pytest

from diascope.expectations import Options
from diascope.geometry import BoxFormat, Size
from diascope.sources._flare import answers
from diascope.sources.folder import Unreadable


@pytest.mark.parametrize(
    "answer",
    [
        [[10, 20, 30, 60]],
        [10, 20, 30, 60],
        "[[10, 20, 30, 60]]",
        "[10, 20, 30, 60]",
        [[10.0, 20.0, 30.0, 60.0]],
    ],
)
def test_boxes_nested_flat_or_as_text(answer: Any) -> None:
    assert answers.nested(answer) == [(10, 20, 30, 60)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([[30, 20, 10, 60]], "has no area when read as xyxy"),
        ([[10, 20, 10, 60]], "has no area"),
        ([[1, 2, 3]], "no box of four numbers"),
        ([[1, 2, 3, "x"]], "no box of four numbers"),
        ([[1, 2, 3, True]], "no box of four numbers"),
        ([[1, 2, 3, 10**400]], "no box of four numbers"),
        ([[1, 2, 3, 4], 5], "no box of four numbers"),
        ("[[1, 2, 3, 1e999]]", "no box of four numbers"),
        ("[[1, 2, 3, NaN]]", "no box of four numbers"),
        ("[[1, 2, 3, 4]", "not valid JSON"),
        ("nothing", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        (7, "no list of boxes"),
        ({"a": [1, 2, 3, 4]}, "no list of boxes"),
    ],
)
def test_boxes_that_are_none(answer: Any, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        answers.boxes({"lung": answers.nested(answer)}, BoxFormat(), Size(100, 80))


@pytest.mark.parametrize("answer", ["many", "about 20", 2.5, -1, True, [3], "1e5", "9" * 400, None])
def test_a_count_that_is_none(answer: Any) -> None:
    with pytest.raises(Unreadable, match=r"no (number|count)"):
        answers.count(answer)


@pytest.mark.parametrize(
    ("written", "figure"),
    [
        (33.3333333333333, (33.3333333333333, 13, False)),
        ("21.67%", (21.67, 2, True)),
        ("20 %", (20, 0, True)),
        ("1,024.50", (1024.5, 2, False)),
        (131.0, (131, 0, False)),
        (100, (100, 0, False)),
        (1e-7, (1e-7, 7, False)),
        (1e22, (1e22, 0, False)),
        ("-3", (-3, 0, False)),
    ],
)
def test_figures(written: Any, figure: tuple[float, int, bool]) -> None:
    assert answers.figure(written) == figure


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("A B", "several options"),
        ("A, B", "several options"),
        ("A and B", "several options"),
        ("AB", "not among the options: Yes; No"),
        ("C", "not among"),
        ("T", "not among"),
        ("maybe", "not among"),
        (3, "no text"),
        (["A"], "no text"),
        (" ", "no text"),
    ],
)
def test_an_answer_that_is_no_single_option(answer: Any, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        answers.choice(answer, Options(options=("Yes", "No"), style="letters"))
