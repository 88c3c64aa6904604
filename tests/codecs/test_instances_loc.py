import pytest

from diascope.answers import Box, Boxes
from diascope.codecs.codec import ParseError
from diascope.codecs.instances_loc import InstancesLoc
from diascope.geometry import CanvasMap, Size

CODEC = InstancesLoc(CanvasMap.fit(Size(1023, 1023), Size(224, 224), "stretch"), ("RBC", "WBC"), 3)
ONE, TWO, THREE = (
    "<loc0020><loc0010><loc0040><loc0030>",
    "<loc0060><loc0050><loc0080><loc0070>",
    "<loc0061><loc0051><loc0081><loc0071>",
)
BOXES = Boxes(
    boxes=(
        Box(label="WBC", x0=10, y0=20, x1=30, y1=40),
        Box(label="RBC", x0=50, y0=60, x1=70, y1=80),
        Box(label="WBC", x0=51, y0=61, x1=71, y1=81),
    )
)


def test_boxes_are_grouped_in_the_set_s_order() -> None:
    text = f"RBC {TWO} ; WBC {ONE}{THREE}"
    assert CODEC.encode(BOXES) == text
    assert [box.label for box in CODEC.parse(text).boxes] == ["RBC", "WBC", "WBC"]
    assert CODEC.encode(Boxes()) == "none"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"WBC {ONE} ; RBC {TWO}",
        f"RBC {ONE} ; RBC {TWO}",
        f"RBC {ONE}{ONE}",
        f"RBC {ONE}{TWO}{THREE} ; WBC {ONE}",
        f"RBC{ONE}",
        f"RBC {ONE} ;",
        f"XBC {ONE}",
        f"RBC {ONE}<loc0001>",
        "RBC ",
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)
