import json

import pytest

from diascope.answers import Mask, Masks
from diascope.codecs.codec import ParseError
from diascope.codecs.polygons_json import PolygonsJson
from diascope.geometry import BoxFormat, CanvasMap, Size

CANVAS = CanvasMap.fit(Size(200, 100), Size(224, 224), "stretch")
MASKS = Masks(masks=(Mask(label="é", polygon=((10.0, 20.0), (100.0, 30.0), (50.0, 90.0))),))


def codec(**format: str) -> PolygonsJson:
    return PolygonsJson(CANVAS, ("é", "lung"), 2, 4, BoxFormat(**format))


@pytest.mark.parametrize(
    ("format", "points"),
    [
        ({"space": "pixels"}, "[[10,20],[100,30],[50,90]]"),
        ({"space": "pixels", "order": "yxyx"}, "[[20,10],[30,100],[90,50]]"),
        ({"space": "permille"}, "[[50,200],[500,300],[250,900]]"),
        ({"space": "unit", "order": "xywh"}, "[[0.050,0.200],[0.500,0.300],[0.250,0.900]]"),
    ],
)
def test_points_follow_the_format(format: dict[str, str], points: str) -> None:
    text = f'[{{"polygon":{points},"label":"é"}}]'
    assert codec(**format).encode(MASKS) == text
    assert json.loads(text)[0]["label"] == "é"
    found = codec(**format).parse(text).masks[0].polygon
    assert found == tuple(pytest.approx(point) for point in MASKS.masks[0].polygon)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '[{"polygon":[[10,20],[100,30]],"label":"é"}]',
        '[{"polygon":[[10,20],[100,30],[50,90],[1,2],[3,4]],"label":"é"}]',
        '[{"polygon":[[10,20],[100,30],[50,101]],"label":"é"}]',
        '[{"polygon":[[10,20],[100,30],[50,090]],"label":"é"}]',
        '[{"polygon":[[10,20],[100,30],[50]],"label":"é"}]',
        '[{"polygon":[[10,20],[100,30],[50,90]],"label":"heart"}]',
        '[{"polygon":[[10,20],[100,30],[50,90]],"label":"é"}] ',
        '[{"polygon":[[10,20],[100,30],[50,90]]}]',
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        codec().parse(text)
