import json

import pytest

from diascope.answers import Box, Boxes
from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.codec import ParseError
from diascope.geometry import BoxFormat, CanvasMap, Size

CANVAS = CanvasMap.fit(Size(200, 100), Size(224, 224), "stretch")
CELL = Box(label='a "cell"', x0=20, y0=30, x1=60, y1=80)


def codec(key: str = "box_2d", **format: str) -> BoxesJson:
    return BoxesJson(CANVAS, ('a "cell"', "é"), 2, BoxFormat(**format), key)


@pytest.mark.parametrize(
    ("format", "numbers"),
    [
        ({"order": "xyxy", "space": "pixels"}, "20,30,60,80"),
        ({"order": "xywh", "space": "pixels"}, "20,30,40,50"),
        ({"order": "cxcywh", "space": "percent"}, "20,55,20,50"),
        ({"order": "yxyx", "space": "permille"}, "300,100,800,300"),
        ({"order": "xyxy", "space": "unit"}, "0.100,0.300,0.300,0.800"),
        ({"order": "yxyx", "space": "bins1024"}, "307,102,818,307"),
    ],
)
def test_numbers_follow_the_format(format: dict[str, str], numbers: str) -> None:
    text = f'[{{"box_2d":[{numbers}],"label":"a \\"cell\\""}}]'
    assert codec(**format).encode(Boxes(boxes=(CELL,))) == text
    (found,) = codec(**format).parse(text).boxes
    assert found.corners == pytest.approx(CELL.corners, abs=0.2)
    assert json.loads(text)[0]["label"] == CELL.label


def test_the_key_is_the_dialect_s() -> None:
    assert codec(key="bbox").encode(Boxes(boxes=(CELL,))).startswith('[{"bbox":[20,')
    assert codec().encode(Boxes()) == "[]"


@pytest.mark.parametrize(
    "numbers",
    [
        "20,30,20,80",
        "20,30,60,101",
        "020,30,60,80",
        "20.0,30,60,80",
        "-20,30,60,80",
        "20, 30,60,80",
        "20,30,60",
        "2e1,30,60,80",
        "1" * 400 + ",30,60,80",
    ],
)
def test_other_numbers_are_not_read(numbers: str) -> None:
    with pytest.raises(ParseError):
        codec().parse(f'[{{"box_2d":[{numbers}],"label":"é"}}]')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "none",
        '[{"box_2d":[20,30,60,80],"label":"e"}]',
        '[{"box_2d":[20,30,60,80],"label":"\\u00e9"}]',
        '[{"label":"é","box_2d":[20,30,60,80]}]',
        '[{"box_2d":[20,30,60,80],"label":"é"}',
        '[{"box_2d":[20,30,60,80],"label":"é"},{"box_2d":[20,30,60,80],"label":"é"}]',
        "[" * 100_000,
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        codec().parse(text)
