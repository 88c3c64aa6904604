import pytest

from diascope.answers import Box, Boxes
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.codec import ParseError
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size

# Half of the canvas is 511.5 bins; a padded image of 2:1 begins at a quarter of the canvas.
CODEC = BoxesLoc(CanvasMap.fit(Size(400, 200), Size(200, 200), "pad"), ("cell", "cell, old"), 2)
CELL = Box(label="cell, old", x0=0, y0=0, x1=100, y1=200)
TEXT = "<loc0256><loc0000><loc0767><loc0256> cell, old"


def test_corners_are_bins_of_the_canvas_y_first() -> None:
    assert CODEC.encode(Boxes(boxes=(CELL,))) == TEXT
    (found,) = CODEC.parse(TEXT).boxes
    assert found.corners == pytest.approx((0, 0, 100, 200), abs=0.2)
    assert CODEC.encode(Boxes()) == "none"


def test_boxes_keep_their_order_up_to_the_limit_each_once() -> None:
    three = [
        CELL,
        CELL,
        CELL.model_copy(update={"label": "cell"}),
        Box(label="cell", x0=9, y0=9, x1=20, y1=20),
    ]
    assert CODEC.encode(Boxes(boxes=tuple(three))) == f"{TEXT} ; {TEXT.removesuffix(', old')}"


def test_what_the_canvas_does_not_show_is_not_written() -> None:
    codec = BoxesLoc(CanvasMap.fit(Size(400, 200), Size(200, 200), "crop"), ("cell",), 2)
    hidden = Box(label="cell", x0=0, y0=0, x1=100, y1=200)
    part = Box(label="cell", x0=0, y0=0, x1=200, y1=100)
    text = codec.encode(Boxes(boxes=(hidden, part)))
    assert text == "<loc0000><loc0000><loc0512><loc0512> cell"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "None",
        TEXT.replace(" cell", "cell"),
        TEXT.removesuffix(", old") + ", new",
        f"{TEXT} ; {TEXT}",
        f"{TEXT} ;",
        f"{TEXT}; {TEXT}",
        TEXT.replace("<loc0256>", "<loc256>"),
        TEXT.replace("<loc0767>", "<loc0256>"),
        TEXT.replace("<loc0767>", "<loc1024>"),
        TEXT.replace("<loc0000>", ""),
        f"none ; {TEXT}",
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(InputError, match="'cel'"):
        CODEC.encode(Boxes(boxes=(CELL.model_copy(update={"label": "cel"}),)))
    with pytest.raises(InputError, match="room for one"):
        BoxesLoc(CODEC.canvas, ("cell",), 0)
    with pytest.raises(InputError, match="separated"):
        BoxesLoc(CODEC.canvas, ("cell ; old",), 1)
