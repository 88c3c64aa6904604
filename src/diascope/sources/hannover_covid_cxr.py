"""hannover_covid_cxr: chest radiographs of patients with COVID-19, several of each.

    annotations.jsonl   images/fff13f3a.jpg ...

A record is one image: view and sex, and where the lungs were outlined their outlines and a
grounding of each. The patient's right lung is on the image's left. All patients have COVID-19, and
the view goes with the way it was taken: a question about either tells little of a model.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.answers import Mask
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._annotations import Row, box_of, image_of, read_rows
from diascope.sources.folder import Folder
from diascope.sources.source import Source

_LUNGS = {"right_lung": "right lung", "left_lung": "left lung"}
_SEXES = {"f": "female", "m": "male"}


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    view = row["projection"]
    name = Path(row["image"]).stem
    yield Record(
        id=name,
        dataset="hannover_covid_cxr",
        patient=row["patient_id"],
        study=name,
        split=row["split"],
        images=(image_of(folder, row, view=view),),
        turns=(
            turns.which("Which view is it?", ("PA", "AP"), view),
            *turns.person(_SEXES[row["sex"]], None),
            *(_lungs(row["lungs"]) if row["lungs"] else ()),
        ),
        licence=SOURCE.licence,
    )


def _lungs(lungs: Row) -> Iterator[Turn]:
    masks = [
        Mask(label=label, polygon=tuple((x, y) for x, y in lungs[key]["polygon"]))
        for key, label in _LUNGS.items()
    ]
    yield turns.outline("the lungs", tuple(_LUNGS.values()), masks, limit=2, vertices=24)
    for key, label in _LUNGS.items():
        yield turns.where(f"the {label}", label, [box_of(label, lungs[key]["bbox"])])


SOURCE = Source(
    name="hannover_covid_cxr",
    about="Hannover: COVID-19 radiographs, view, sex, outlines of the lungs",
    read=partial(read_rows, make=_records),
    marks=("annotations.jsonl", "images/????????.jpg"),
    licence="CC-BY-3.0, lung outlines CC-BY-4.0",
    witnesses=("https://github.com/ml-workgroup/covid-19-image-repository at ad7ab099",),
    counts=MappingProxyType({"images": 162, "patients": 49}),
)
