"""bccd: BCCD blood cells, photographs of blood films with a box round every cell.

    annotations.jsonl   images/BloodImage_00000.jpg ...

A record is one image: its cells, its cells by type, and the number of each type. Patients are not
known, so an image is its own patient. Labels are not an expert's: cells at the borders are missed.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record
from diascope.sources import turns
from diascope.sources._annotations import Row, box_of, image_of, read_rows
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Source

CELLS = {"RBC": "red blood cells", "WBC": "white blood cells", "Platelets": "platelets"}
_MOST = 60


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    boxes = [box_of(each["label"], each["bbox"]) for each in row["objects"]]
    counts = {label: sum(box.label == label for box in boxes) for label in CELLS}
    if counts != row["counts"]:
        raise Unreadable("its counts are not those of its boxes")
    name = Path(row["image"]).stem
    yield Record(
        id=name,
        dataset="bccd",
        patient=name,
        study=name,
        split=row["split"],
        images=(image_of(folder, row),),
        turns=(
            turns.find("blood cell", tuple(CELLS), boxes, _MOST),
            turns.find_by_type("blood cell", tuple(CELLS), boxes, _MOST),
            *(turns.how_many(CELLS[label], count, _MOST) for label, count in counts.items()),
        ),
        licence=SOURCE.licence,
    )


SOURCE = Source(
    name="bccd",
    about="BCCD: red cells, white cells and platelets, boxed and counted",
    read=partial(read_rows, make=_records),
    marks=("annotations.jsonl", "images/BloodImage_*.jpg"),
    licence="MIT",
    witnesses=("https://github.com/Shenggan/BCCD_Dataset at d272fb14",),
    counts=MappingProxyType({"images": 286}),
)
