"""What a format costs: the overlap of an answer with what is left of it once written."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from diascope.answers import Box, Boxes, Mask, Masks
from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.polygons_json import PolygonsJson
from diascope.codecs.polygons_loc import PolygonsLoc
from diascope.geometry import BoxFormat, CanvasMap, Fit, Size, iou

WHOLE = Size(640, 480)
LABELS = ("cell",)


def boxes(rng: np.random.Generator, number: int) -> list[Box]:
    sizes = rng.uniform(16, 200, (number, 2))
    corners = rng.uniform(0, np.array(WHOLE) - sizes)
    return [
        Box(label="cell", x0=float(x), y0=float(y), x1=float(x + w), y1=float(y + h))
        for (x, y), (w, h) in zip(corners, sizes, strict=True)
    ]


def left(codec: BoxesLoc | BoxesJson, box: Box) -> float:
    (found,) = codec.parse(codec.encode(Boxes(boxes=(box,)))).boxes
    return iou(box.corners, found.corners)


@pytest.mark.parametrize("how", ["pad", "stretch"])
def test_boxes_in_location_tokens_lose_less_than_two_percent(how: Fit) -> None:
    codec = BoxesLoc(CanvasMap.fit(WHOLE, Size(224, 224), how), LABELS, 1)
    overlaps = [left(codec, box) for box in boxes(np.random.default_rng(0), 400)]
    assert np.mean(overlaps) >= 0.98


@pytest.mark.parametrize(
    ("format", "least"),
    [
        (BoxFormat(order="yxyx", space="permille"), 0.98),
        (BoxFormat(order="xywh", space="pixels"), 0.98),
        (BoxFormat(order="cxcywh", space="permille"), 0.97),
        (BoxFormat(order="xyxy", space="percent"), 0.85),
    ],
    ids=lambda value: value.order + value.space if isinstance(value, BoxFormat) else "",
)
def test_boxes_in_json_lose_what_their_space_costs(format: BoxFormat, least: float) -> None:
    codec = BoxesJson(CanvasMap.fit(WHOLE, Size(224, 224), "pad"), LABELS, 1, format)
    overlaps = [left(codec, box) for box in boxes(np.random.default_rng(0), 200)]
    assert np.mean(overlaps) >= least


def outline(rng: np.random.Generator) -> Mask:
    """A bumpy ellipse of 64 vertices, 20 px across or more."""
    angles = np.arange(64) * 2 * np.pi / 64
    bumps = 1 + 0.12 * np.cos(3 * angles + rng.uniform(0, 6)) + 0.05 * np.cos(5 * angles)
    radii = rng.uniform(12, 120, 2)
    centre = rng.uniform(1.2 * radii, np.array(WHOLE) - 1.2 * radii)
    points = centre + radii * bumps[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Mask(label="cell", polygon=tuple((float(x), float(y)) for x, y in points))


def drawn(mask: Mask) -> np.ndarray:
    image = Image.new("1", (4 * WHOLE.width, 4 * WHOLE.height))
    ImageDraw.Draw(image).polygon([(4 * x, 4 * y) for x, y in mask.polygon], fill=1)
    return np.asarray(image)


@pytest.mark.parametrize("json", [False, True], ids=["loc", "json"])
def test_polygons_lose_less_than_five_percent(json: bool) -> None:
    canvas, rng = CanvasMap.fit(WHOLE, Size(224, 224), "pad"), np.random.default_rng(0)
    space = BoxFormat(order="yxyx", space="permille")
    codec = (
        PolygonsJson(canvas, LABELS, 1, 16, space) if json else PolygonsLoc(canvas, LABELS, 1, 16)
    )
    overlaps = []
    for _ in range(20):
        mask = outline(rng)
        (found,) = codec.parse(codec.encode(Masks(masks=(mask,)))).masks
        was, now = drawn(mask), drawn(found)
        overlaps.append((was & now).sum() / (was | now).sum())
    assert len(overlaps) == 20
    assert np.mean(overlaps) >= 0.95
