import numpy as np
import pytest

from diascope.answers import Mask
from diascope.geometry import Size
from diascope.metrics.masks import mean_overlap, overlap, rasterise

SIZE = Size(40, 30)


def square(x0: float, y0: float, x1: float, y1: float, label: str = "a") -> Mask:
    return Mask(label=label, polygon=((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def test_a_rectangle_covers_exactly_its_pixels():
    picture = rasterise([square(2, 3, 12, 11)], SIZE)
    assert picture.shape == (30, 40)
    expected = np.zeros((30, 40), dtype=bool)
    expected[3:11, 2:12] = True
    np.testing.assert_array_equal(picture, expected)


def test_a_triangle_has_its_area_and_lies_on_the_right_side():
    picture = rasterise([Mask(label="a", polygon=((0, 0), (40, 0), (0, 30)))], SIZE)
    assert picture.sum() == pytest.approx(600, rel=0.02)
    assert picture[1, 1]
    assert not picture[28, 38]


@pytest.mark.parametrize("seed", range(10))
def test_filling_equals_a_point_in_polygon_test(seed):
    polygon = np.random.default_rng(seed).uniform(-5, 35, (7, 2))
    picture = rasterise(
        [Mask(label="a", polygon=tuple(map(tuple, polygon.tolist())))], Size(30, 30)
    )
    expected = np.zeros_like(picture)
    for row, column in np.ndindex(picture.shape):
        x, y = column + 0.5, row + 0.5
        for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if (y0 > y) != (y1 > y) and x > x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                expected[row, column] ^= True
    np.testing.assert_array_equal(picture, expected)


def test_parts_outside_the_image_are_cut_and_masks_are_united():
    picture = rasterise([square(-5, -5, 4, 4), square(2, 2, 6, 6), square(35, 25, 99, 99)], SIZE)
    assert picture.sum() == 16 + 16 - 4 + 5 * 5


def test_a_large_image_is_scaled_to_the_longest_side():
    picture = rasterise([square(0, 0, 1000, 1000)], Size(2000, 1000))
    assert picture.shape == (256, 512)
    assert picture.mean() == 0.5


def test_overlap_by_hand():
    a, b = (rasterise([square(x, 0, x + 10, 10)], SIZE) for x in (0, 5))
    assert overlap(a, b) == pytest.approx((50 / 150, 100 / 200))
    empty = np.zeros_like(a)
    assert overlap(empty, empty) == (1.0, 1.0)
    assert overlap(a, empty) == (0.0, 0.0)


def test_mean_over_labels_of_unions():
    truth = [square(0, 0, 10, 10), square(20, 0, 30, 10), square(0, 20, 10, 30, "b")]
    reply = [square(0, 0, 10, 10), square(0, 15, 10, 25, "b")]
    iou, dice = mean_overlap(truth, reply, ("a", "b", "never"), SIZE)
    assert iou == pytest.approx((100 / 200 + 50 / 150) / 2)
    assert dice == pytest.approx((200 / 300 + 100 / 200) / 2)


def test_labels_that_are_missed_invented_or_unasked():
    a, b = square(0, 0, 10, 10), square(0, 0, 10, 10, "b")
    assert mean_overlap([a], [], ("a", "b"), SIZE).iou == 0.0
    assert mean_overlap([a], [a, b], ("a", "b"), SIZE).iou == 0.5
    assert mean_overlap([a], [a, b], ("a",), SIZE).iou == 1.0
    assert mean_overlap([], [], ("a",), SIZE).iou == 1.0
    assert mean_overlap([], None, ("a",), SIZE) == (0.0, 0.0)
