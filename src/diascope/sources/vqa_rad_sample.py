"""vqa_rad_sample: VQA-RAD as one file of JSON lines, with a split by image.

    qa.jsonl   images/synpic29265.jpg ...

A record is one question. The official split shares nearly every test image with train, so the one
read here is `split_image_disjoint`. An image is its own patient. A closed question is answered by
yes or no where its answer is one of them; every other answer is words.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import MappingProxyType

from diascope.records import Record
from diascope.sources import turns
from diascope.sources._annotations import Row, read_rows
from diascope.sources.folder import Folder
from diascope.sources.source import Source

_FILE = "qa.jsonl"


def _records(folder: Folder, row: Row) -> Iterator[Record]:
    image = Path(row["image"]).stem
    answer = str(row["answer"]).strip()
    closed = turns.YES_NO if answer.lower() in turns.YES_NO else ()
    said = answer.lower() if closed else answer
    yield Record(
        id=f"{image}/{row['qid']}",
        dataset="vqa_rad_sample",
        patient=image,
        study=image,
        split=row["split_image_disjoint"],
        images=(folder.image(row["image"]),),
        turns=(turns.question(row["question"], said, closed),),
        licence=SOURCE.licence,
        metadata={"organ": row["organ"], "question_type": row["question_type"]},
    )


SOURCE = Source(
    name="vqa_rad_sample",
    about="VQA-RAD: questions about radiographs, CT and MR images, split by image",
    read=partial(read_rows, make=_records, file=_FILE),
    marks=(_FILE, "images/synpic*.jpg"),
    licence="CC0-1.0",
    derived_from="vqa_rad",
    witnesses=("https://github.com/Saranga99/vqa-radiology at 726ef8d1",),
    counts=MappingProxyType({"images": 235, "questions": 1673}),
)
