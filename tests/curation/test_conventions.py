"""Conventions: the reading that fits is found on the numbers as the file had them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Box, Boxes
from diascope.curation.conventions import ORDERS, SPACES, Convention, Conventions, spelt
from diascope.expectations import BoxSpace
from diascope.geometry import BoxFormat, Order, Size, Space
from diascope.records import Image, Record, Turn
from diascope.sources import Problem, source
from diascope.sources.misread import MisreadBoxes

SIZE = Size(1000, 800)
PIXELS = BoxFormat()
SIZES = BoxFormat(order="xywh")


def record(rects: list[Any], format: BoxFormat | None = PIXELS, label: str = "a") -> Record:
    boxes = Boxes(boxes=tuple(Box(label=label, x0=a, y0=b, x1=c, y1=d) for a, b, c, d in rects))
    turn = Turn(
        task="detection",
        question="?",
        expects=BoxSpace(labels=(label,), format=format),
        answer=boxes,
    )
    image = Image(path="a.png", width=SIZE.width, height=SIZE.height)
    return Record(
        id="r", dataset="d", patient="p", study="s", split="train", images=(image,), turns=(turn,)
    )


def scattered(count: int = 200, seed: int = 0) -> list[Any]:
    """Boxes of ordinary sizes, anywhere in the image, none at an edge."""
    rng = np.random.default_rng(seed)
    low = rng.uniform((10, 10), (800, 600), (count, 2))
    high = low + rng.uniform(20, 180, (count, 2))
    return np.hstack([low, high]).tolist()


def items(rects: list[Any], written: BoxFormat, declared: BoxFormat) -> list[Record | Problem]:
    """What a source gives of files that are written in one convention and read by another."""
    given: list[Record | Problem] = []
    for rect in rects:
        numbers = written.write(tuple(rect), SIZE)
        read = declared.read(numbers, SIZE)
        if read[2] > read[0] and read[3] > read[1]:
            given.append(record([read], declared))
        else:
            told = {"file": "f", "reason": "no area", "dataset": "d", "task": "detection"}
            misread = {"format": declared, "numbers": (numbers,), "image": tuple(SIZE)}
            given.append(MisreadBoxes(**told, **misread))
    return given


def found(*given: Record | Problem) -> Convention:
    conventions = Conventions()
    for item in given:
        conventions.add(item)
    (told,) = conventions.survey().conventions
    return told


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("space", SPACES)
def test_a_right_convention_raises_no_doubt(order: Order, space: Space) -> None:
    format = BoxFormat(order=order, space=space)
    told = found(*items(scattered(), format, format))
    assert (told.boxes, told.degenerate(format), told.doubts) == (200, 0, ())
    assert len(told.readings) == 16


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("xywh", "xyxy"),
        ("xyxy", "xywh"),
        ("cxcywh", "xyxy"),
        ("xyxy", "cxcywh"),
        ("xywh", "yxyx"),
    ],
)
def test_a_wrong_order_is_told_with_the_right_one(written: Order, declared: Order) -> None:
    told = found(*items(scattered(), BoxFormat(order=written), BoxFormat(order=declared)))
    assert told.boxes == 200
    assert any(f"and 0% as {written} in pixels" in doubt for doubt in told.doubts)


@pytest.mark.parametrize("space", ["unit", "percent"])
def test_a_wrong_space_leaves_every_box_in_the_upper_left(space: Space) -> None:
    told = found(*items(scattered(), BoxFormat(space=space), PIXELS))
    assert any("100% of the boxes lie in the upper left quadrant" in each for each in told.doubts)


def test_numbers_of_an_image_larger_than_a_thousand_read_as_permille() -> None:
    told = found(*items(scattered(), PIXELS, BoxFormat(space="unit")))
    assert told.degenerate(BoxFormat(space="unit")) == 1
    assert any("make no sense as xyxy from 0 to 1," in each for each in told.doubts)


def test_what_a_source_could_not_read_counts() -> None:
    given = items(scattered(), SIZES, PIXELS)
    problems = [each for each in given if isinstance(each, MisreadBoxes)]
    assert len(problems) > 100
    told = found(*given)
    assert told.degenerate(PIXELS) == len(problems) / 200
    assert told.degenerate(SIZES) == 0


def test_corners_without_a_declared_convention_are_judged_by_where_they_lie() -> None:
    told = found(record(scattered(), None))
    assert (told.declared, told.read_as, told.doubts) == (None, PIXELS, ())
    edge = found(*(record([[0, 0, x, 50]], None) for x in range(600, 650)))
    assert ["touch the edge" in doubt for doubt in edge.doubts] == [True]


def test_boxes_on_each_other() -> None:
    twice = [[100, 100, 300, 300], [101, 100, 301, 300]]
    told = found(*(record(twice) for _ in range(20)))
    assert told.overlapping == 40
    assert "100% of the boxes lie on another one of the same answer" in told.doubts[0]
    apart = found(*(record([[10, 10, 50, 50], [400, 400, 500, 500]]) for _ in range(20)))
    assert apart.overlapping == 0


def test_few_boxes_raise_no_doubt() -> None:
    assert found(*items(scattered(19), SIZES, PIXELS)).doubts == ()
    assert found(*items(scattered(20), SIZES, PIXELS)).doubts != ()


def test_other_problems_and_answers_are_passed_over() -> None:
    conventions = Conventions()
    conventions.add(Problem(file="f", reason="why"))
    conventions.add(record([]))
    assert conventions.survey().conventions == ()


def test_data_sets_and_conventions_are_told_apart() -> None:
    conventions = Conventions()
    for each in (record(scattered(3)), record(scattered(2), SIZES), record(scattered(1), None)):
        conventions.add(each)
    assert [(c.declared, c.boxes) for c in conventions.survey().conventions] == [
        (None, 1),
        (SIZES, 2),
        (PIXELS, 3),
    ]


@given(st.integers(0, 40), st.integers(1, 5000))
def test_the_counts_do_not_depend_on_how_many_are_judged_at_once(seed: int, count: int) -> None:
    rects = scattered(count % 50 + 1, seed)
    one = found(record(rects))
    conventions = Conventions()
    for rect in rects:
        conventions.add(record([rect]))
        conventions.survey()
    assert conventions.survey().conventions[0].readings == one.readings


def test_a_declared_convention_beyond_the_usual_ones_is_read_too() -> None:
    bins = BoxFormat(order="yxyx", space="bins1024")
    told = found(*items(scattered(), bins, bins))
    assert (len(told.readings), told.degenerate(bins), told.doubts) == (17, 0, ())


def test_conventions_in_words() -> None:
    assert spelt(SIZES) == "xywh in pixels"
    assert spelt(BoxFormat(order="yxyx", space="bins1024")) == "yxyx from 0 to 1023"


@pytest.mark.real_data
@pytest.mark.skipif(
    not os.environ.get("DIASCOPE_DATA"), reason="DIASCOPE_DATA names no folder of real data"
)
def test_real_boxes_are_written_as_their_questions_say() -> None:
    conventions = Conventions()
    for item in source("flare").read(Path(os.environ["DIASCOPE_DATA"]) / "flare_mini"):
        conventions.add(item)
    found = conventions.survey().conventions
    assert sum(each.boxes for each in found) > 4000
    for each in found:
        assert each.doubts == ()
        lowest = min(reading.degenerate for reading in each.readings)
        assert each.degenerate(each.read_as) == lowest / each.boxes == 0
