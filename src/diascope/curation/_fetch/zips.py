"""The members of a zip, in the order of its directory."""

import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from diascope.curation._fetch.member import Member, Refused, meant

_UTF8, _ENCRYPTED = 0x800, 0x1
"""General purpose bits (APPNOTE 4.4.4)."""
_LINK_BYTES = 4096


def zip_members(archive: Path, most_members: int) -> Iterator[Member]:
    """Refused before the first where there are too many."""
    with ZipFile(archive) as members:
        infos = members.infolist()
        if len(infos) > most_members:
            raise Refused(f"it has more than {most_members} members")
        for info in infos:
            yield _member(members, info)


def _member(members: ZipFile, info: ZipInfo) -> Member:
    if info.flag_bits & _ENCRYPTED:
        raise Refused("it is encrypted")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        # the other methods may unpack any number of bytes at once, or ask for any memory
        raise Refused("it is neither stored nor deflated")
    name = _readable(info)
    if not name:
        raise Refused("it has no name")
    link = _link(members, info, name) if stat.S_ISLNK(info.external_attr >> 16) else None
    return Member(name, info.file_size, info.is_dir(), link, partial(members.open, info))


def _link(members: ZipFile, info: ZipInfo, name: str) -> str:
    if info.file_size > _LINK_BYTES:
        raise Refused("it is a link that is too long")
    return meant(name, members.read(info).decode("utf-8", "replace"))


def _readable(info: ZipInfo) -> str:
    """Many write UTF-8 and do not say so; else the name is of code page 437 (APPNOTE D.1)."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
