"""The replies so far, a JSON line each, appended and flushed as they come.

A killed run leaves at most one torn last line, which is cut off when the file is opened again. Only
where each line lies is kept in memory.
"""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError

from diascope.curation._converse.writing import Reply
from diascope.errors import InputError
from diascope.recordindex import reason
from diascope.values import Value

MOST_CHARS = 32_000
"""Of a reply that is kept; a longer one is cut, and counts as not closed."""


class _Line(Value):
    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    text: str
    closed: bool


class ReplyFile:
    """Replies by their keys. A context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[bytes, int] = {}
        self._end = self._scan()
        self._file = path.open("r+b")

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._places

    def __getitem__(self, key: str) -> Reply:
        self._file.seek(self._places[bytes.fromhex(key)])
        line = _Line.model_validate_json(self._file.readline())
        return Reply(line.text, line.closed)

    def append(self, key: str, reply: Reply) -> None:
        """Keep one more reply; a surrogate that UTF-8 cannot hold is replaced."""
        text = reply.text[:MOST_CHARS].encode("utf-8", "replace").decode()
        closed = reply.closed and len(reply.text) <= MOST_CHARS
        line = _Line(key=key, text=text, closed=closed).model_dump_json().encode() + b"\n"
        self._file.seek(self._end)
        self._file.write(line)
        self._file.flush()
        self._places[bytes.fromhex(key)] = self._end
        self._end += len(line)

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._file.close()

    def _scan(self) -> int:
        """Learn where every whole line is, and cut off what follows them."""
        self._path.touch()
        end = 0
        with self._path.open("r+b") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                self._places[self._key(line, number)] = end
                end += len(line)
            file.truncate(end)
        return end

    def _key(self, line: bytes, number: int) -> bytes:
        try:
            return bytes.fromhex(_Line.model_validate_json(line).key)
        except ValidationError as error:
            where = f"{os.fspath(self._path)}, line {number}"
            raise InputError(f"{where}: {reason(error)}; remove the line, or the file") from None
