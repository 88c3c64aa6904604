"""jsonl: our own format, a `records.jsonl` and the images that it names, in one folder."""

from collections.abc import Iterator
from pathlib import Path

from diascope.errors import InputError
from diascope.recordfile import Line, read_lines
from diascope.records import Record
from diascope.sources.source import Problem, Source

_NAME = "records.jsonl"


def _read(root: Path) -> Iterator[Record | Problem]:
    path = root / _NAME
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; a folder of records holds one")
    yield from (_with_place(line) for line in read_lines(path))


def _with_place(line: Line) -> Record | Problem:
    """The record, its metadata saying where it was read unless they say so already."""
    if line.record is None:
        return Problem(file=_NAME, row=line.number, reason=line.reason)
    metadata = {"file": _NAME, "row": str(line.number)} | line.record.metadata
    return line.record.model_copy(update={"metadata": metadata})


SOURCE = Source(
    name="jsonl",
    about="diascope's own records: records.jsonl and its images",
    read=_read,
    marks=(_NAME,),
    witnesses=("diascope.recordfile",),
)
