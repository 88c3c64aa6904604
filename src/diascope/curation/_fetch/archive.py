"""Archives unpacked within bounds: zip, tar and tar.gz, whose every byte may be hostile.

Nothing but folders and plain files is made, each by its own name under the folder: a link to a file
of the same archive becomes a copy of it; any other link, a device or a pipe is refused. An archive
within an archive stays packed. Messages count members and name none: a name may be a patient's.
"""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from diascope.curation._fetch.member import Member, Refused, safe_path
from diascope.curation._fetch.room import in_words, room
from diascope.curation._fetch.tar import tar_members
from diascope.curation._fetch.zips import zip_members
from diascope.errors import InputError

_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
_CHUNK_BYTES = 1 << 18
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError)


@dataclass(frozen=True)
class Bounds:
    """The most that an archive may unpack to."""

    num_members: int = 1_000_000
    num_bytes: int = 1 << 40
    ratio: int = 200
    """Bytes unpacked for each byte of the archive; images reach 2 and tables 20."""
    depth: int = 32
    """Folders within each other."""


class _Limit(NamedTuple):
    num_bytes: int
    reason: str


@dataclass
class _Unpacking:
    """A folder that is being filled."""

    folder: Path
    limit: _Limit
    bounds: Bounds
    number: int = 1
    """Of the member that is looked at, for messages."""
    written: int = 0
    links: list[tuple[int, Path, Path]] = field(default_factory=list)

    def add(self, member: Member) -> None:
        """Make the member, or remember it where it is a link."""
        path = safe_path(member.name, self.bounds.depth)
        if member.link is not None:
            self.links.append((self.number, path, safe_path(member.link, self.bounds.depth)))
        elif member.is_folder:
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        else:
            self.admit(member.size)
            with member.open() as data:
                self.write(data, path, member.size)

    def admit(self, size: int) -> None:
        """Refused where so many bytes more are too many."""
        self.written += size
        if self.written > self.limit.num_bytes:
            raise Refused(self.limit.reason)

    def write(self, data: IO[bytes], path: Path, size: int) -> None:
        """A new file of exactly so many bytes."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        left = size
        with target.open("xb") as file:
            while chunk := data.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    break
                file.write(chunk)
        if left:
            raise Refused("it is not as long as it says")

    def copy_links(self) -> None:
        """Once all files are there."""
        for number, path, meant in self.links:
            self.number = number
            target = self.folder / meant
            if not target.is_file():
                raise Refused("it is a link to what is no file of the archive")
            size = target.stat().st_size
            self.admit(size)
            with target.open("rb") as data:
                self.write(data, path, size)


def is_archive(name: str) -> bool:
    """Whether a file of this name is unpacked."""
    return name.lower().endswith(_ENDINGS)


def unpack(archive: Path, folder: Path, bounds: Bounds | None = None) -> None:
    """Unpack into a folder that does not exist yet.

    InputError for what is damaged, out of bounds or leads out of the folder; the folder is then
    gone again.
    """
    folder.mkdir(parents=True)
    bounds = bounds or Bounds()
    filled = _Unpacking(folder, _limit(archive, folder, bounds), bounds)
    try:
        _fill(filled, archive)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _fill(filled: _Unpacking, archive: Path) -> None:
    try:
        members = _members(archive, filled)
        while member := next(members, None):
            if filled.number > filled.bounds.num_members:
                raise Refused(f"there are more than {filled.bounds.num_members} members")
            filled.add(member)
            filled.number += 1
        filled.copy_links()
    except Refused as reason:
        raise InputError(_message(archive, filled, str(reason))) from reason
    except FileExistsError as error:
        reason_text = "its name is that of another member"
        raise InputError(_message(archive, filled, reason_text)) from error
    except (*_DAMAGE, RuntimeError, OSError) as error:
        kind = (
            error.strerror if isinstance(error, OSError) and error.errno else type(error).__name__
        )
        reason_text = f"it cannot be unpacked ({kind}); delete the file to download it again"
        raise InputError(_message(archive, filled, reason_text)) from error


def _members(archive: Path, filled: _Unpacking) -> Iterator[Member]:
    if archive.name.lower().endswith(".zip"):
        return zip_members(archive, filled.bounds.num_members)
    return tar_members(archive, filled.folder)


def _message(archive: Path, filled: _Unpacking, reason: str) -> str:
    return f"{archive}: not unpacked, at member {filled.number}: {reason}"


def _limit(archive: Path, folder: Path, bounds: Bounds) -> _Limit:
    free, stretched = room(folder), bounds.ratio * archive.stat().st_size
    return min(
        _Limit(bounds.num_bytes, f"there is more than {in_words(bounds.num_bytes)} in it"),
        _Limit(stretched, f"it unpacks to more than {bounds.ratio} times its size"),
        _Limit(free, f"it needs more than the {in_words(free)} that may be written"),
    )
