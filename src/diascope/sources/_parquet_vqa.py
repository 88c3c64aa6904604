"""Sets of questions kept as Parquet files of three columns: image, question and answer.

    data/train-00000-of-00001-eb8844602202be60.parquet ...   README.md

Every row carries its own copy of the picture, and only equal bytes say that two are one: their
SHA-256 is the patient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from diascope.errors import InputError
from diascope.records import Record
from diascope.sources import turns
from diascope.sources._parquet import Cells, Pictures, row_records
from diascope.sources._shards import in_order, missing, split_of
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem

_FILES = "data/*.parquet"
_STUDY_CHARS = 16


@dataclass(frozen=True)
class Layout:
    """One such set; a set whose own split shares pictures has none that is kept."""

    dataset: str
    licence: str
    most_chars: int
    """Of an answer in words."""
    keeps_split: bool = True


def read(root: Path, layout: Layout) -> Iterator[Record | Problem]:
    """A record for every row; InputError where the folder has no Parquet file."""
    folder = Folder(root)
    files = in_order(folder.names(_FILES))
    if not files:
        raise InputError(f"{root}: there is no {_FILES} in it")
    yield from missing(files)
    pictures = Pictures(folder)
    for file in files:
        yield from row_records(folder, file, _Shard(layout, pictures, file).records)


class _Shard:
    """Makes records of the rows of one file."""

    def __init__(self, layout: Layout, pictures: Pictures, file: str) -> None:
        self._layout, self._pictures, self._file = layout, pictures, file

    def records(self, row: int, cells: Cells) -> Iterator[Record]:
        layout, split = self._layout, split_of(self._file)
        image, digest = self._pictures.picture(self._file, row, "image", cells["image"])
        asked, answer = (_words(cells, column) for column in ("question", "answer"))
        yield Record(
            id=f"{PurePosixPath(self._file).stem}/{row}",
            dataset=layout.dataset,
            patient=digest,
            study=digest[:_STUDY_CHARS],
            split=split if layout.keeps_split else "",
            images=(image,),
            turns=(turns.yes_no_or_words(asked, answer, layout.most_chars),),
            licence=layout.licence,
            metadata={"official_split": split},
        )


def _words(cells: Cells, column: str) -> str:
    words = cells[column]
    if not isinstance(words, str) or not words.strip():
        raise Unreadable(f"the row has no {column}")
    return " ".join(words.split())
