"""nih_cxr14_sample: 621 radiographs of NIH ChestX-ray14 at 512 pixels, one a patient.

    annotations.jsonl   images/00000075_000.jpg ...

A record is what it is for the whole set (see `nih_cxr14`). Positives are more frequent than in it.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record
from diascope.sources import turns
from diascope.sources._annotations import Row, box_of, read_rows
from diascope.sources.folder import Folder
from diascope.sources.nih_cxr14 import SEXES, findings_turn
from diascope.sources.source import Source


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    boxes = [box_of(each["label"], each["bbox"]) for each in row["boxes"]]
    name = Path(row["image"]).stem
    yield Record(
        id=name,
        dataset="nih_cxr14_sample",
        patient=str(row["patient_id"]),
        study=name,
        split=row["split"],
        images=(folder.image(row["image"], view=row["view"]),),
        turns=(
            findings_turn(row["labels"]),
            turns.which("Which view is it?", ("PA", "AP"), row["view"]),
            *turns.person(SEXES[row["sex"]], row["age_years"]),
            *(turns.where(f"the {box.label}", box.label, [box]) for box in boxes),
        ),
        licence=SOURCE.licence,
    )


SOURCE = Source(
    name="nih_cxr14_sample",
    about="a sample of NIH ChestX-ray14: fourteen findings, age, sex and view",
    read=partial(read_rows, make=_records),
    marks=("annotations.jsonl", "images/????????_???.jpg"),
    licence="NIH Clinical Center, attribution required",
    derived_from="nih_cxr14",
    witnesses=("https://github.com/jrzech/reproduce-chexnet at a011a9ab",),
    counts=MappingProxyType({"images": 434, "patients": 434}),
)
