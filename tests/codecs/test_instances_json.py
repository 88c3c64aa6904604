import json

import pytest

from diascope.answers import Box, Boxes
from diascope.codecs.codec import ParseError
from diascope.codecs.instances_json import InstancesJson
from diascope.geometry import BoxFormat, CanvasMap, Size

CODEC = InstancesJson(
    CanvasMap.fit(Size(200, 100), Size(224, 224), "pad"), ("RBC", "W,]BC", "x"), 3, BoxFormat()
)
TEXT = '{"RBC":[[5,6,7,8]],"W,]BC":[[1,2,3,4],[9,9,10,10]]}'
BOXES = Boxes(
    boxes=(
        Box(label="W,]BC", x0=1, y0=2, x1=3, y1=4),
        Box(label="RBC", x0=5, y0=6, x1=7, y1=8),
        Box(label="W,]BC", x0=9, y0=9, x1=9.4, y1=9.4),
    )
)


def test_boxes_are_grouped_in_the_set_s_order() -> None:
    assert CODEC.encode(BOXES) == TEXT
    assert list(json.loads(TEXT)) == ["RBC", "W,]BC"]
    assert [box.corners for box in CODEC.parse(TEXT).boxes] == [
        (5, 6, 7, 8),
        (1, 2, 3, 4),
        (9, 9, 10, 10),
    ]
    assert CODEC.encode(Boxes()) == "{}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"RBC":[]}',
        '{"x":[[1,2,3,4]],"RBC":[[1,2,3,4]]}',
        '{"RBC":[[1,2,3,4]],"RBC":[[5,6,7,8]]}',
        '{"RBC":[[1,2,3,4],[1,2,3,4]]}',
        '{"RBC":[[1,2,3,4],[1,2,3,5],[1,2,3,6],[1,2,3,7]]}',
        '{"RBC":[[1,2,3,4],]}',
        '{"RBC":[1,2,3,4]}',
        '{"cat":[[1,2,3,4]]}',
        '{"RBC":[[1,2,3,4]]',
        '{"RBC":[[1,2,3,4]]} ',
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)
