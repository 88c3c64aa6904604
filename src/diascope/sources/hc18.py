"""hc18: ultrasound of the fetal head with its circumference.

    annotations.jsonl   images/000_HC.jpg ...

A record is one image: the head's circumference in millimetres, its outline and its box. Pixels
differ in size from image to image, and millimetres cannot be read off pixels alone, so the question
tells the size. `subject` is a number in the file's name; one woman may have several.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.answers import Mask
from diascope.expectations import Range
from diascope.records import Record
from diascope.sources import turns
from diascope.sources._annotations import Row, box_of, image_of, read_rows
from diascope.sources.folder import Folder
from diascope.sources.source import Source

_HEAD = ("head",)
_CIRCUMFERENCE = Range(low=20, high=500, decimals=1, unit="mm")


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    size = float(row["pixel_size_mm"])
    outline = Mask(label="head", polygon=tuple((x, y) for x, y in row["head_polygon"]))
    name = Path(row["image"]).stem
    asked = f"What is the head circumference? A pixel is {size:.3f} mm."
    yield Record(
        id=name,
        dataset="hc18",
        patient=str(row["subject"]),
        study=name,
        split=row["split"],
        images=(image_of(folder, row, spacing_mm=(size, size)),),
        turns=(
            turns.how_much(asked, row["head_circumference_mm"], _CIRCUMFERENCE),
            turns.outline("the head", _HEAD, (outline,), limit=1),
            turns.find("head", _HEAD, (box_of("head", row["bbox"]),), limit=1),
        ),
        licence=SOURCE.licence,
    )


SOURCE = Source(
    name="hc18",
    about="HC18: fetal head circumference, outline and box in ultrasound",
    read=partial(read_rows, make=_records),
    marks=("annotations.jsonl", "images/*_HC.jpg"),
    licence="CC-BY-4.0",
    witnesses=("https://zenodo.org/records/1327317",),
    counts=MappingProxyType({"images": 750}),
)
