"""The members of a tar or tar.gz, read front to back."""

import gzip
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

from diascope.curation._fetch.member import Member, Refused, meant

_HEADER_BYTES = 1 << 20
"""More than the headers of one member take up: a longer one is made to fill the memory."""


def tar_members(archive: Path, folder: Path) -> Iterator[Member]:
    """Each must be read before the next. `folder` is where they go."""
    with _opened(archive) as file:
        stream = _Forward(file)
        with tarfile.open(
            fileobj=cast("IO[bytes]", stream), mode="r:", encoding="utf-8"
        ) as members:
            for member in members:
                stream.allowed = member.size + _HEADER_BYTES
                yield _member(members, member, folder)


def _opened(archive: Path) -> IO[bytes]:
    file = archive.open("rb")
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not packed:
        return file
    file.close()
    return cast("IO[bytes]", gzip.open(archive))


def _member(members: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> Member:
    if member.size < 0:
        raise Refused("its size is negative")
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise Refused("it is a device or a pipe")
    try:
        tarfile.data_filter(member, str(folder))
    except tarfile.FilterError as error:
        raise Refused(f"it is unsafe ({type(error).__name__})") from error
    name = _readable(member.name)
    link = _readable(member.linkname)
    target = link if member.islnk() else meant(name, link) if member.issym() else None
    return Member(name, member.size, member.isdir(), target, partial(_data, members, member))


def _data(members: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    data = members.extractfile(member)
    if data is None:
        raise Refused("it has no data")
    return data


def _readable(name: str) -> str:
    """A name whose bytes are no UTF-8 is read as Latin-1, which has a letter for every byte."""
    return name.encode("utf-8", "surrogateescape").decode("latin-1") if _broken(name) else name


def _broken(name: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in name)


class _Forward:
    """A file as tarfile sees it: forward only, and no more at a member than it may take up."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.allowed = _HEADER_BYTES

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.allowed:
            raise Refused("its headers are too long")
        self.allowed -= size
        return self._file.read(size)

    def seek(self, position: int) -> int:
        if position < self._file.tell():
            raise Refused("its headers point backwards")
        return self._file.seek(position)

    def tell(self) -> int:
        return self._file.tell()
