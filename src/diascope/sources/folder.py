"""A raw folder as sources read it: its tables, its images, and what cannot be read of them.

Every name comes out of somebody's file, so none may lead out of the folder. What a source cannot
read it says by raising Unreadable (or it gets an InputError or a ValidationError from below);
`records` turns that into a Problem with its file and row, so that nothing is dropped in silence.
"""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from diascope.errors import InputError, nearest
from diascope.geometry import Size
from diascope.imaging.decode import header_of, read_size
from diascope.recordindex import reason
from diascope.records import Image, Record
from diascope.sources.source import Problem

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_MOST_BYTES = 2 << 30
"""Of one file unpacked."""
_MOST_RATIO = 200
"""Of unpacked to packed bytes; deflate reaches 1032, where a byte is repeated for ever."""
_SMALL = 100 << 20
"""Unpacked bytes whose ratio does not matter: a small table of like rows packs well, too."""
_PIECE = 1 << 20


class Unreadable(ValueError):
    """Something that a source cannot read, and why."""


@dataclass(frozen=True)
class Line:
    """One row of a table; `number` is its line in the file, the header's being 1."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell without spaces round it; the column is one that was asked for."""
        return self.cells[column]

    def get(self, column: str) -> str:
        """The cell of a column that the table may lack: empty then."""
        return self.cells.get(column, "")


class Folder:
    """The raw folder `root`; names are relative to it, with forward slashes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._size = lru_cache(4096)(read_size)

    def path(self, name: str) -> Path:
        """Where a file lies; Unreadable when it is missing or the name points out of the folder."""
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise Unreadable(f"{name!r} points out of its folder")
        path = self.root / parts
        if not is_file(path):
            packed = "; unpack the zip files first" if any(self.root.glob("*.zip")) else ""
            raise Unreadable(f"{name!r} is missing{packed}")
        return path

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return is_file(self.root / name)

    def holds(self, name: str) -> bool:
        """Whether there is such a file or folder; a name that no disk can hold is not there."""
        try:
            return (self.root / name).exists()
        except (OSError, ValueError):
            return False

    def names(self, pattern: str) -> list[str]:
        """Every file that matches a glob pattern, in order of name."""
        found = (path for path in self.root.glob(pattern) if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def strays(
        self, pattern: str, named: Container[str], reason: str = "its image is missing"
    ) -> Iterator[Problem]:
        """A problem for each file of a pattern that is not one of those that images have."""
        for name in self.names(pattern):
            if name not in named:
                yield Problem(file=name, reason=reason)

    def image(self, name: str, **facts: Any) -> Image:
        """The image as it will be decoded; `facts` are more of its fields (view, study, ...)."""
        path = self.path(name)
        try:
            size = self._size(path)
        except InputError as error:
            raise Unreadable(str(error).replace(f"{self.root}/", "")) from None
        relative = path.relative_to(self.root).as_posix()
        return Image(path=relative, width=size.width, height=size.height, **facts)

    def embedded(self, path: str, data: bytes, **facts: Any) -> Image:
        """An image whose file lies inside another: `path` is what the source's `extract` takes."""
        try:
            size = header_of(data, path).size
        except InputError as error:
            raise Unreadable(str(error)) from None
        return Image(path=path, width=size.width, height=size.height, **facts)

    def size(self, name: str) -> Size:
        """Width and height of an image in pixels."""
        return self.image(name).size

    def table(self, name: str, columns: Sequence[str], delimiter: str = ",") -> Iterator[Line]:
        """The rows of a CSV file (or of `name`.gz) whose header has at least these columns.

        Cells missing at the end of a row are empty, as spreadsheets leave them out. InputError
        where the file is missing, is no text, lacks a column or has it twice, where a row has more
        cells than the header, and where the last row was cut short.
        """
        text = self.text(name)
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        header = [column.strip() for column in rows.fieldnames or ()]
        _check_header(header, columns, name)
        rows.fieldnames = header
        is_short = False
        for cells in _each(rows, name):
            if any(map(str.strip, cells.pop(None, ()))):  # type: ignore[call-overload]
                raise _torn(name, rows.line_num, "has more cells than the header")
            is_short = None in cells.values()
            yield Line(rows.line_num, {key: (cells[key] or "").strip() for key in header})
        if is_short and not text.endswith(("\n", "\r")):
            raise _torn(name, rows.line_num, "ends in the middle")

    def text(self, name: str) -> str:
        """A text file in UTF-8 (a byte order mark is skipped), or `name`.gz unpacked."""
        return self.bytes(name).decode("utf-8-sig", errors="replace")

    def bytes(self, name: str) -> bytes:
        """A file's bytes, or those in `name`.gz; InputError where there is neither."""
        try:
            if self.has(name):
                return self.path(name).read_bytes()
            return _unpacked(self.path(f"{name}.gz"))
        except (Unreadable, OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self.root / name}: cannot be read ({error})") from None

    def json_lines(self, name: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
        """Number (the first is 1) and object of every line; None where it is no JSON object."""
        for number, line in enumerate(self.text(name).splitlines(), start=1):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            yield number, value if isinstance(value, dict) else None

    def json(self, name: str) -> JsonValue:
        """A JSON file; InputError where it is none."""
        try:
            return _JSON.validate_json(self.bytes(name))
        except ValidationError as error:
            raise InputError(f"{self.root / name}: no JSON ({reason(error)})") from None

    def records(
        self, file: str, row: int | None, make: Callable[..., Iterable[Record]], *given: Any
    ) -> Iterator[Record | Problem]:
        """What `make(*given)` makes of a row, each told where it came from; or the Problem."""
        place = {"file": file} | ({} if row is None else {"row": str(row)})
        try:
            for record in make(*given):
                yield record.model_copy(update={"metadata": place | record.metadata})
        except ValidationError as error:
            yield Problem(file=file, row=row, reason=reason(error))
        except (KeyError, TypeError, AttributeError) as error:
            why = f"its fields are not those of this layout ({type(error).__name__}: {error})"
            yield Problem(file=file, row=row, reason=why)
        except (Unreadable, InputError) as error:
            why = str(error).replace(f"{self.root}/", "")
            yield Problem(file=file, row=row, reason=why)
        except (ValueError, ArithmeticError, LookupError, OSError, RecursionError) as error:
            # these repeat the value that they stumbled over, which may be a patient's
            why = f"its fields are not those of this layout ({type(error).__name__})"
            yield Problem(file=file, row=row, reason=why)


def is_file(path: Path) -> bool:
    """False also for a name that no file can have: one too long, or with a NUL in it."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _unpacked(path: Path) -> bytes:
    """What a gzip file holds, in pieces, so that no more is unpacked than may be."""
    packed, content = path.stat().st_size, bytearray()
    with gzip.open(path) as file:
        while piece := file.read(_PIECE):
            content += piece
            if len(content) > min(_MOST_BYTES, max(_SMALL, _MOST_RATIO * packed)):
                raise Unreadable(
                    f"it unpacks to more than {len(content) >> 20} MB from {packed} bytes; "
                    "unpack it yourself if you trust it"
                )
    return bytes(content)


def _check_header(header: Sequence[str], columns: Sequence[str], name: str) -> None:
    for column in columns:
        if column not in header:
            known = nearest(column, header)
            raise InputError(f"{name}: there is no column {column!r} in its header{known}")
    for column in filter(None, header):
        if header.count(column) > 1:
            raise InputError(f"{name}: its header has the column {column!r} twice; rename one")


def _torn(name: str, row: int, why: str) -> InputError:
    mend = "copy the file again, or put quotes round a text that has commas or line breaks in it"
    return InputError(f"{name}, row {row}: it {why}; {mend}")


def _each(rows: "csv.DictReader[str]", name: str) -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise InputError(f"{name}, after line {rows.line_num}: no table ({error})") from None


def number(text: str, what: str) -> float:
    """A finite number out of a cell; Unreadable where there is none."""
    try:
        value = float(text)
    except ValueError:
        raise Unreadable(f"{what} is no number: {text[:40]!r}") from None
    if not math.isfinite(value):
        raise Unreadable(f"{what} is not finite: {text[:40]!r}")
    return value
