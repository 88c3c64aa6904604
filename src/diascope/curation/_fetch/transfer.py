"""One file over http: resumed where it broke off, and kept only if it is the published one.

RFC 9110 on ranges (14) and on conditional ranges (13.1.5).
"""

import errno
import hashlib
import http.client
import re
import ssl
from collections.abc import Callable, Iterator
from email.message import Message
from functools import partial
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import Request

from diascope.curation._fetch.address import check_address, opener, shown
from diascope.curation._fetch.part import Part, version_of
from diascope.curation._fetch.room import require_room, room
from diascope.errors import InputError
from diascope.sources.source import RemoteFile

Progress = Callable[[int, int], None]
"""Bytes done, and bytes in all as far as is known."""
Pause = Callable[[float], None]

_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""Before each new try; when all of them brought no new byte, it is given up."""
_TIMEOUT_S = 60.0
_CHUNK_BYTES = 1 << 18
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Replies that another try may better."""
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class _Dropped(Exception):
    """The transfer broke off; another try may go on from there."""


def transfer(file: RemoteFile, target: Path, progress: Progress, pause: Pause) -> str:
    """Download to a path; returns the SHA-256 of what is there then.

    What is interrupted leaves `NAME.part` and is gone on with by the next call. InputError where
    the server refuses, the disk is too small, or size or checksum are not as published, and then
    nothing of the file is kept.
    """
    check_address(file.url)
    if target.is_file():
        # what has its own name was all there and verified before it was given it
        progress(target.stat().st_size, target.stat().st_size)
        return _sha256(target)
    part = Part(target)
    most, tried = part.size, 0
    while True:
        try:
            _receive(file, part, progress)
            break
        except _Dropped as reason:
            if part.size > most:
                most, tried = part.size, 0
            if tried == len(_PAUSES_S):
                raise InputError(_given_up(file, part, reason)) from reason
            pause(_PAUSES_S[tried])
            tried += 1
    checksum = _verified(file, part)
    part.finish()
    return checksum


def _given_up(file: RemoteFile, part: Part, reason: _Dropped) -> str:
    return (
        f"{shown(file.url)}: {reason}, {len(_PAUSES_S) + 1} times in a row; "
        f"{part.size} bytes are kept, fetch again to go on from there"
    )


def _receive(file: RemoteFile, part: Part, progress: Progress) -> None:
    """One try."""
    try:
        reply = _asked(file.url, part)
    except HTTPError as error:
        with error:
            if _is_all_here(error, part):
                return
            raise _refused(file, part, error) from None
    with reply:
        offset, whole = _begun(reply, part)
        if file.size is not None and whole not in (None, file.size):
            part.drop()
            raise InputError(
                f"{shown(file.url)}: the server has {whole} bytes where {file.size} were published"
            )
        known = file.size if whole is None else whole
        require_room(part.path.parent, (known or 0) - offset)
        _append(reply, part, known, progress)


def _asked(url: str, part: Part) -> http.client.HTTPResponse:
    request = Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "diascope"})  # noqa: S310 - checked
    if part.size and part.version:
        request.add_header("Range", f"bytes={part.size}-")
        request.add_header("If-Range", part.version)
    try:
        reply: http.client.HTTPResponse = opener().open(request, timeout=_TIMEOUT_S)
    except HTTPError:
        raise
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise InputError(f"{shown(url)}: its certificate does not hold") from None
        raise _Dropped(f"no connection ({_kind(error.reason)})") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Dropped(f"no reply ({_kind(error)})") from error
    return reply


def _kind(error: object) -> str:
    """What went wrong; the text of an error of the network may hold an address."""
    return type(error).__name__


def _is_all_here(error: HTTPError, part: Part) -> bool:
    """Whether nothing follows because a run ended between the last byte and the new name."""
    told = _CONTENT_RANGE.fullmatch(error.headers.get("Content-Range", ""))
    return error.code == 416 and told is not None and told[3] == str(part.size)


def _refused(file: RemoteFile, part: Part, error: HTTPError) -> Exception:
    if error.code == 416:
        part.drop()
        return _Dropped("the server has fewer bytes than before")
    if error.code in _PASSING:
        return _Dropped(f"the server answers {error.code}")
    return InputError(
        f"{shown(file.url)}: the server answers {error.code} "
        f"({http.client.responses.get(error.code, 'unknown')}); the set may have moved"
    )


def _begun(reply: http.client.HTTPResponse, part: Part) -> tuple[int, int | None]:
    """Where the reply's bytes begin in the file, and the file's length if it is told.

    A server that knows no ranges, or whose file has changed, sends all of it.
    """
    if reply.status != http.client.PARTIAL_CONTENT:
        part.begin(version_of(reply.headers))
        return 0, _length(reply.headers)
    told = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
    now = version_of(reply.headers)
    if told is None or told[1] != str(part.size) or now not in ("", part.version):
        part.drop()
        raise _Dropped("the server sent another part than was asked for")
    return part.size, int(told[2]) + 1 if told[3] == "*" else int(told[3])


def _length(headers: Message) -> int | None:
    length = headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and "Transfer-Encoding" not in headers else None


def _append(reply: IO[bytes], part: Part, known: int | None, progress: Progress) -> None:
    """The bytes that follow; no more than are known to be, or than there is room for."""
    done = part.size
    most = done + room(part.path.parent) if known is None else known
    with part.path.open("ab") as file:
        for chunk in _chunks(reply):
            done += len(chunk)
            if done > most:
                break
            _write(file, chunk, part.path)
            progress(done, done if known is None else known)
    if done > most:
        part.drop()
        raise InputError(f"{part.path.stem}: the server sends more than {most} bytes; none is kept")
    if known is not None and done < known:
        raise _Dropped(f"the connection ended after {done} of {known} bytes")


def _chunks(reply: IO[bytes]) -> Iterator[bytes]:
    while True:
        try:
            chunk = reply.read(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _Dropped(f"the connection broke ({_kind(error)})") from error
        if not chunk:
            return
        yield chunk


def _write(file: IO[bytes], chunk: bytes, path: Path) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise InputError(f"{path}: the disk is full; make room and fetch again") from error
        raise


def _verified(file: RemoteFile, part: Part) -> str:
    """The SHA-256 of the bytes; InputError, and nothing kept, unless all is as published."""
    size, sha256 = part.size, _sha256(part.path)
    md5 = _md5(part.path) if file.md5 else None
    wrong = [
        f"{what} is {found}, published is {published}"
        for what, found, published in (
            ("its size", size, file.size),
            ("its SHA-256", sha256, file.sha256),
            ("its MD5", md5, file.md5),
        )
        if published is not None and found != published
    ]
    if wrong:
        part.drop()
        raise InputError(
            f"{shown(file.url)}: not the file that was published, and not kept: {'; '.join(wrong)}"
        )
    return sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
