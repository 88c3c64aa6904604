"""kermany: chest radiographs of children, normal or with a bacterial or viral pneumonia.

    annotations.jsonl   images/train_person1_bacteria_1.jpg ...

A record is one image. The number behind the colon of `patient_token` is the patient's, and the same
number in the set's train and test folders may be one child, so the folder is left out of it. There
is no validation part: patients of train are dealt. Images are 224 x 224, not in proportion.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record
from diascope.sources import turns
from diascope.sources._annotations import Row, read_rows
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Source

KINDS = {
    "normal": "normal",
    "bacterial_pneumonia": "bacterial pneumonia",
    "viral_pneumonia": "viral pneumonia",
}
_SPLITS = {"train": "", "test": "test"}


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    name = Path(row["image"]).stem
    if row["pneumonia"] is not (row["label"] != "normal"):
        raise Unreadable("its label and its pneumonia say different things")
    yield Record(
        id=name,
        dataset="kermany",
        patient=row["patient_token"].partition(":")[2],
        study=name,
        split=_SPLITS[row["split"]],
        images=(folder.image(row["image"]),),
        turns=(
            turns.which(
                "What does the radiograph show?", tuple(KINDS.values()), KINDS[row["label"]]
            ),
            turns.question(
                "Is there a pneumonia?", "yes" if row["pneumonia"] else "no", turns.YES_NO
            ),
        ),
        licence=SOURCE.licence,
    )


SOURCE = Source(
    name="kermany",
    about="Kermany: pneumonia of children, bacterial or viral",
    read=partial(read_rows, make=_records),
    marks=("annotations.jsonl", "images/train_*IM-*.jpg"),
    licence="CC-BY-4.0",
    witnesses=("https://doi.org/10.17632/rscbjbr9sj.2",),
    counts=MappingProxyType({"images": 1400}),
)
