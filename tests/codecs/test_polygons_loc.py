import numpy as np
import pytest

from diascope.answers import Mask, Masks
from diascope.codecs.codec import ParseError
from diascope.codecs.polygons_loc import PolygonsLoc
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size

CODEC = PolygonsLoc(
    CanvasMap.fit(Size(1023, 1023), Size(224, 224), "stretch"), ("heart", "lung"), 2, 4
)
TEXT = "<loc0020><loc0010><loc0030><loc0100><loc0090><loc0050> heart"


def mask(*points: tuple[float, float], label: str = "heart") -> Mask:
    return Mask(label=label, polygon=tuple((float(x), float(y)) for x, y in points))


TRIANGLE = mask((10, 20), (100, 30), (50, 90))


def test_vertices_are_bins_of_the_canvas_y_first() -> None:
    assert CODEC.encode(Masks(masks=(TRIANGLE,))) == TEXT
    (found,) = CODEC.parse(TEXT).masks
    assert np.allclose(found.polygon, TRIANGLE.polygon)
    assert CODEC.encode(Masks()) == "none"


def test_masks_keep_their_order_up_to_the_limit_and_are_not_merged() -> None:
    answer = Masks(masks=(TRIANGLE, TRIANGLE, mask((0, 0), (5, 0), (0, 5), label="lung")))
    assert CODEC.encode(answer) == f"{TEXT} ; {TEXT}"


def test_a_flat_polygon_is_widened_when_it_was_not_written_so() -> None:
    thin = mask((10.2, 20.2), (10.4, 20.3), (10.3, 20.4))
    assert len(set(CODEC.snap(Masks(masks=(thin,))).masks[0].polygon)) == 4
    flat = "<loc0020><loc0010><loc0020><loc0010><loc0020><loc0010> heart"
    assert CODEC.encode(CODEC.parse(flat)) == flat


def test_what_lies_outside_is_cut() -> None:
    half = mask((-100, 100), (200, 100), (200, 300), (-100, 300))
    (found,) = CODEC.snap(Masks(masks=(half, mask((2000, 5), (2100, 5), (2000, 9))))).masks
    assert np.min(found.polygon, axis=0) == pytest.approx((0, 100))
    assert np.max(found.polygon, axis=0) == pytest.approx((200, 300))


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("<loc0050>", ""),
        TEXT.removeprefix("<loc0020><loc0010>"),
        TEXT.replace("<loc0050>", "<loc0050>" * 5),
        TEXT.replace("heart", "hart"),
        TEXT.replace(" heart", "heart"),
        TEXT.replace("<loc0050>", "<loc1024>"),
        f"{TEXT} ; {TEXT} ; {TEXT}",
        f"{TEXT}; {TEXT}",
        f"none{TEXT}",
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)


def test_a_polygon_needs_three_vertices() -> None:
    with pytest.raises(InputError):
        PolygonsLoc(CODEC.canvas, ("heart",), 1, 2)
