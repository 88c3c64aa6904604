"""Fetching: a set that has a public address, downloaded, checked, unpacked and found on disk.

    fetch(source("montgomery"), Path("raw"), accept=ask, progress=report)

A run that is interrupted is gone on with by the same call. `fetched.json` in the folder tells what
is there and from where; archives are deleted once they are unpacked.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from diascope.curation._fetch.address import check_address, shown
from diascope.curation._fetch.archive import is_archive, unpack
from diascope.curation._fetch.room import in_words, require_room
from diascope.curation._fetch.transfer import Pause, Progress, transfer
from diascope.errors import InputError
from diascope.sources.source import RemoteFile, Source
from diascope.values import Value

_LIST = "fetched.json"
_DEEPEST = 2
"""Folders that an archive puts around a layout."""


class FetchedFile(Value):
    """A file as it was downloaded."""

    name: str
    url: str
    sha256: str


class Fetched(Value):
    """What `fetched.json` holds."""

    source: str
    licence: str
    """As it was accepted."""
    files: tuple[FetchedFile, ...] = ()


def fetch(
    source: Source,
    out: Path,
    accept: Callable[[str], bool],
    progress: Progress,
    pause: Pause = time.sleep,
) -> Path:
    """Download a set into a folder of its own; returns the folder to prepare from.

    `accept` is given the licence in words before the first byte and answers whether it is agreed
    to. `progress` is given bytes done and bytes in all. InputError for a set that is restricted or
    has no address, a licence not accepted, a folder with something else in it, too little room, a
    server that fails, a file that is not the published one, an unsafe archive.
    """
    files = _files(source)
    fetched = _begun(source, out)
    left = [file for file in files if file.url not in {done.url for done in fetched.files}]
    if left:
        if not accept(terms(source)):
            raise InputError(f"{source.name}: its licence was not accepted; nothing is downloaded")
        out.mkdir(parents=True, exist_ok=True)
        require_room(out, sum(_needed(file) for file in left))
    for file, report in _shares(left, progress):
        _write(out, fetched)
        checksum = _fetch_one(file, out, files, report, pause)
        done = FetchedFile(name=file.name, url=file.url, sha256=checksum)
        fetched = fetched.model_copy(update={"files": (*fetched.files, done)})
        _write(out, fetched)
    return _layout(source, out)


def terms(source: Source) -> str:
    """What is agreed to before a set is downloaded: its licence, and where it comes from."""
    files = _files(source)
    size = sum(file.size or 0 for file in files)
    told = in_words(size) if all(file.size for file in files) else "of unknown size"
    lines = [f"{source.about}, {told}", f"licence: {source.licence}"]
    return "\n".join([*lines, *(f"from {shown(file.url)}" for file in files)])


def _files(source: Source) -> tuple[RemoteFile, ...]:
    described = ", ".join(source.witnesses) or "nowhere that is known"
    if source.restricted:
        raise InputError(
            f"{source.name} is under a data use agreement and is never downloaded; "
            f"ask for access where it is published: {', '.join(_pages(source)) or described}"
        )
    if source.download is None:
        raise InputError(
            f"{source.name} has no public address that could be downloaded from; "
            f"it is described at: {described}"
        )
    for file in source.download.files:
        check_address(file.url)
    return source.download.files


def _pages(source: Source) -> list[str]:
    """Its witnesses that are no file or folder of a code repository."""
    return [page for page in source.witnesses if "/blob/" not in page and "/tree/" not in page]


def _begun(source: Source, out: Path) -> Fetched:
    """What an earlier run left; InputError for a folder that holds something else."""
    try:
        fetched = Fetched.model_validate_json((out / _LIST).read_bytes())
    except FileNotFoundError:
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out} is not empty; name another folder to fetch into") from None
        return Fetched(source=source.name, licence=source.licence)
    except (OSError, ValidationError):
        raise InputError(f"{out / _LIST}: cannot be read; name another folder") from None
    if fetched.source != source.name:
        raise InputError(f"{out} holds {fetched.source!r}; name another folder for {source.name}")
    return fetched


def _write(out: Path, fetched: Fetched) -> None:
    new = out / f"{_LIST}.new"
    new.write_text(fetched.model_dump_json(indent=2), encoding="utf-8")
    new.replace(out / _LIST)


def _needed(file: RemoteFile) -> int:
    """Bytes on disk; what is packed is there twice for a while, and takes no less unpacked."""
    return (file.size or 0) * (2 if is_archive(file.name) else 1)


def _shares(
    files: Sequence[RemoteFile], progress: Progress
) -> Iterator[tuple[RemoteFile, Progress]]:
    """Every file, with a progress that counts those before it and the known sizes of the rest."""
    before = 0
    for place, file in enumerate(files):
        after = sum(other.size or 0 for other in files[place + 1 :])
        last = [before]

        def report(done: int, whole: int, base: int = before, rest: int = after) -> None:
            last[0] = base + done  # noqa: B023 - called before the next file begins
            progress(base + done, base + whole + rest)

        yield file, report
        before = last[0]


def _fetch_one(
    file: RemoteFile, out: Path, files: Sequence[RemoteFile], report: Progress, pause: Pause
) -> str:
    target = out / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    checksum = transfer(file, target, report, pause)
    if is_archive(file.name):
        unpacked = target.with_name(f"{target.name}.unpacked")
        shutil.rmtree(unpacked, ignore_errors=True)
        unpack(target, unpacked)
        _move(unpacked, target.parent, [out / _LIST, *(out / other.name for other in files)])
        target.unlink()
    return checksum


def _move(unpacked: Path, folder: Path, ours: Sequence[Path]) -> None:
    """All that was unpacked to its place; InputError where it would be taken for a file of ours."""
    for path in sorted(unpacked.rglob("*")):
        target = folder / path.relative_to(unpacked)
        if any(str(target).startswith(str(own)) for own in ours):
            raise InputError(f"{unpacked}: the archive has a file that is named as one of ours")
        try:
            target.mkdir(exist_ok=True) if path.is_dir() else path.replace(target)
        except OSError as error:
            raise InputError(
                f"{unpacked}: cannot be moved to its place: {error.strerror}"
            ) from error
    shutil.rmtree(unpacked)


def _layout(source: Source, out: Path) -> Path:
    """The folder in the source's layout: this one, or one that the archive put around it."""
    folders = [out, *(path for depth in range(_DEEPEST) for path in _below(out, depth))]
    for folder in folders if source.marks else ():
        if source.recognises(folder):
            return folder
    if not source.marks:
        return out
    raise InputError(
        f"{out}: all is downloaded, and is not in the layout of {source.name}, which has "
        f"{', '.join(source.marks)}"
    )


def _below(out: Path, depth: int) -> list[Path]:
    return sorted(path for path in out.glob("*/" * (depth + 1)) if path.is_dir())
