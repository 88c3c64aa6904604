"""The six laws, for every codec in several configurations."""

import random
from collections.abc import Callable
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import strategies as st

from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.choice import ChoiceCodec
from diascope.codecs.codec import Codec
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.findings import FindingsCodec
from diascope.codecs.free_text import FreeText
from diascope.codecs.instances_json import InstancesJson
from diascope.codecs.instances_loc import InstancesLoc
from diascope.codecs.label_set import LabelSetCodec
from diascope.codecs.polygons_json import PolygonsJson
from diascope.codecs.polygons_loc import PolygonsLoc
from diascope.codecs.whole_number import WholeNumber
from diascope.geometry import BoxFormat, CanvasMap, Order, Size, Space

NAMES = ("nodule", "nodule, small", 'the "wet" lung', "épanchement\\", "< 5 mm; old", "no")
FEW = ("RBC", "RBC, large")
PAD = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")
CROP = CanvasMap.fit(Size(301, 97), Size(224, 224), "crop")
STRETCH = CanvasMap.fit(Size(33, 50), Size(448, 224), "stretch")
TINY = CanvasMap.fit(Size(2, 1), Size(224, 224), "pad")
FORMATS = [
    BoxFormat(order=order, space=space)
    for order, space in product(get_args(Order), get_args(Space))
]
CODECS: list[Codec[Any]] = [
    ChoiceCodec(NAMES, "texts"),
    ChoiceCodec(NAMES, "letters"),
    ChoiceCodec(("only",), "texts"),
    ChoiceCodec(tuple(map(str, range(30))), "letters"),
    LabelSetCodec(("a", "a, b", 'c "d"', "é", "possible future"), "none"),
    LabelSetCodec(("only",), "No finding"),
    FindingsCodec(("nodule", "nodule: old", "mass, left")),
    FindingsCodec(("only",)),
    WholeNumber(0, 99_999),
    WholeNumber(-37, 105, "HU"),
    WholeNumber(7, 7),
    WholeNumber(-20, -8),
    DecimalNumber(0.0, 100.0, 1, "%"),
    DecimalNumber(-1.25, 2.5, 2),
    DecimalNumber(4.97, 5.03, 3),
    DecimalNumber(-7.0, -6.5, 1),
    FreeText(12),
    FreeText(1),
    FreeText(60),
    BoxesLoc(PAD, NAMES, 3),
    BoxesLoc(CROP, ("only",), 1),
    BoxesLoc(TINY, FEW, 8),
    InstancesLoc(PAD, NAMES, 4),
    InstancesLoc(CROP, ("only",), 2),
    InstancesLoc(STRETCH, FEW, 1),
    PolygonsLoc(PAD, NAMES, 2, 6),
    PolygonsLoc(CROP, ("only",), 1, 3),
    PolygonsJson(STRETCH, NAMES, 2, 5, BoxFormat(order="yxyx", space="permille")),
    PolygonsJson(CROP, ("only",), 1, 3, BoxFormat(space="pixels")),
    PolygonsJson(TINY, FEW, 2, 4, BoxFormat(space="unit")),
    BoxesJson(PAD, NAMES, 3, BoxFormat(order="yxyx", space="permille")),
    InstancesJson(STRETCH, NAMES, 4, BoxFormat(order="cxcywh", space="permille")),
    # One pixel or two: the lists run out of boxes before they reach the limit.
    *(BoxesJson(TINY, FEW, 8, BoxFormat(order=order), key='"') for order in get_args(Order)),
    *(InstancesJson(TINY, FEW, 8, BoxFormat(order=order)) for order in get_args(Order)),
]
Answers = Callable[[Codec[Any]], st.SearchStrategy[Any]]
EVERY_FORMAT: list[Codec[Any]] = [
    codec
    for at, format in enumerate(FORMATS)
    for codec in (
        BoxesJson((PAD, CROP, STRETCH)[at % 3], FEW, 2, format),
        InstancesJson((CROP, STRETCH, PAD)[at % 3], FEW, 3, format),
    )
]


def named(codec: Any) -> str:
    return f"{type(codec).__name__} {codec.format.order} {codec.format.space}"


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: type(codec).__name__)
def test_the_laws_hold(
    codec: Codec[Any], laws: Any, answers: Answers, record_property: Callable[[str, object], None]
) -> None:
    written = laws.check_many(codec, answers(codec))
    record_property("texts read", laws.check(codec, written[:6], random.Random(0)))


@pytest.mark.parametrize("codec", EVERY_FORMAT, ids=named)
def test_every_format_of_boxes_can_be_written_and_read(
    codec: Codec[Any], laws: Any, answers: Answers
) -> None:
    laws.check_many(codec, answers(codec))
    laws.check_walks(codec, random.Random(0))
