"""What a source is: one raw layout on disk, read into Records and a list of what could not be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from diascope.records import Record
from diascope.values import Value


class Problem(Value):
    """One thing that a source could not read; it is reported and counted, never dropped."""

    file: str
    """Relative to the source's folder."""
    row: int | None = None
    """Line of a text file or place in a list, from 1; None where the whole file is meant."""
    reason: str


class RemoteFile(Value):
    """A file at a public address that needs no login."""

    name: str
    """Its path under the folder that is fetched into; a zip or tar is unpacked where it lies."""
    url: str
    size: int | None = Field(default=None, ge=0)
    """In bytes, as published."""
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    md5: str | None = Field(default=None, pattern="^[0-9a-f]{32}$")


class Download(Value):
    """The files that make up a set, fetched in this order."""

    files: tuple[RemoteFile, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A raw layout. Image paths in its Records are relative to the folder that was read."""

    name: str
    about: str
    """One line for a list of sources."""
    read: Callable[[Path], Iterator[Record | Problem]]
    """InputError where the folder is not in this layout at all."""
    plan: Callable[[Path], str] | None = None
    """Of a source that makes what it reads: what reading would make, in words."""
    extract: Callable[[Path, str], bytes] | None = None
    """Of a source whose images lie inside other files: the bytes of one, by root and path.

    InputError where there is no such image.
    """
    marks: tuple[str, ...] = ()
    """Glob patterns that a folder in this layout matches, every one of them."""
    licence: str = "unknown"
    restricted: bool = False
    """Under a data use agreement: never downloaded, never sent anywhere."""
    derived_from: str | None = None
    """The source whose patients these are, where the set was made of another one's images."""
    patient_spelling: str | None = None
    """Pattern of a patient's identifier; its group is what the sets of a family have in common.

    None of a derived set: as the set it was made of. An identifier that does not match is nobody's.
    """
    witnesses: tuple[str, ...] = ()
    """Public loaders or pages, with their version, that the layout was taken from."""
    download: Download | None = None
    """Where the raw layout lies, of a set that anybody may have without asking."""
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """What the whole set holds as published: images, patients, reports, ..."""

    def image_bytes(self, root: Path, path: str) -> bytes:
        """The file of one image of a record; OSError or InputError where there is none."""
        file = root / path
        if self.extract is None or file.is_file():
            return file.read_bytes()
        return self.extract(root, path)

    @property
    def confirmed(self) -> bool:
        """Whether anybody but the author of the reader says that the layout is so."""
        return bool(self.witnesses)

    def recognises(self, root: Path) -> bool:
        """Whether a folder looks like this layout."""
        return bool(self.marks) and all(any(root.glob(mark)) for mark in self.marks)
