"""hf_dataset: any set of pictures as `datasets` saves it, or as its imagefolder reads it.

    data/train-00000-of-00002.parquet ...            pictures in the rows
    train/metadata.csv (or .jsonl, .parquet)         rows that name pictures beside them
    train/normal/a.png   train/pneumonia/b.png       folders named by class

A record is one row. Columns are known by name: patient_id or patient, study, label (or any
ClassLabel), findings (a list, or a text), objects with bbox and categories, text, caption, report,
impression, question and answer; others are not read. An empty list is none found, and a blank or a
class of -1 is not known. Boxes are read as COCO's x, y, width and height, which the layout nowhere
states. Where no column names the patient, the picture is its own. Several sets may lie in folders
side by side; pictures that no row names are no members.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources import _shards
from diascope.sources._hub.columns import PATIENT, STUDY, World, first, world_of
from diascope.sources._hub.parts import Part, Row, Shard, sets_of
from diascope.sources._parquet import extract
from diascope.sources._studies import something
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_STUDY_CHARS = 64


def _read(root: Path) -> Iterator[Record | Problem]:
    sets = sets_of(Folder(root))
    if not sets:
        raise InputError(f"{root}: no Parquet file, metadata file or folder of pictures is in it")
    for parts in sets.values():
        yield from _shards.missing(part.file for part in parts if isinstance(part, Shard))
        world = world_of(parts)
        for part in parts:
            yield from _items(part, world)


def _items(part: Part, world: World) -> Iterator[Record | Problem]:
    try:
        for row in part.rows():
            make = partial(_records, part, world)
            yield from part.folder.records(part.file, row.number, make, row)
    except Unreadable as error:
        yield Problem(file=part.file, reason=str(error))


def _records(part: Part, world: World, row: Row) -> Iterator[Record]:
    pictured = part.pictured(row)
    patient = first(row.cells, PATIENT) or pictured.patient
    yield Record(
        id=f"{part.file}/{row.number}",
        dataset=SOURCE.name,
        patient=patient,
        study=first(row.cells, STUDY) or pictured.patient[-_STUDY_CHARS:],
        split=part.split,
        images=pictured.images,
        turns=something(world.turns(row.cells)),
        licence=SOURCE.licence,
    )


SOURCE = Source(
    name="hf_dataset",
    about="a set saved by Hugging Face datasets: Parquet shards, metadata files, class folders",
    read=_read,
    extract=extract,
    witnesses=(
        "https://github.com/huggingface/datasets/blob/0152aabb62c3c08661ba377cdf37f6ebbc10a1e4/"
        "src/datasets/features/image.py",
        "https://github.com/huggingface/datasets/blob/0157a38978f28a5ebbd3502150061919f96a8011/"
        "docs/source/image_dataset.mdx",
        "https://github.com/huggingface/datasets/blob/002f5f6c1b5e69f247f9cc0df6f1653a2c9fadbb/"
        "src/datasets/packaged_modules/folder_based_builder/folder_based_builder.py",
    ),
)
