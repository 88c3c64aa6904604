"""PNG and JPEG files without anything but their pixels.

Texts, dates, places, previews and whatever else lies beside the pixels are left out, and so are
bytes behind the end. The pixels are not coded anew: they stay what they were, bit for bit. Of EXIF
the orientation stays, since it says which way is up.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from PIL.Image import Exif

from diascope.curation._deidentify.files import Unfit

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PROFILE = b"Raw profile type exif\0"
_EXIF, _JFIF, _ADOBE = b"Exif\0\0", b"JFIF\0", b"Adobe"
_ADOBE_SIZE, _JFIF_SIZE = 12, 12
_ORIENTATION = 0x0112
_START_OF_SCAN, _END, _QUANTISATION, _RESTART, _LINES = 0xDA, 0xD9, 0xDB, 0xDD, 0xDC
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
_IN_SCAN = frozenset((0x00, 0xFF, *range(0xD0, 0xD8)))
"""What follows 0xFF in coded pixels: a stuffed zero, a fill byte, a restart (T.81 B.1.1)."""


def is_raster(data: bytes) -> bool:
    """Whether it is a file that can be stripped."""
    return data.startswith((_PNG, _JPEG))


def stripped(data: bytes) -> bytes:
    """The file with its pixels alone; Unfit where it is damaged or neither PNG nor JPEG."""
    try:
        if data.startswith(_PNG):
            return _PNG + b"".join(_png_parts(data))
        if data.startswith(_JPEG):
            return _JPEG + b"".join(_jpeg_parts(data))
    except (struct.error, IndexError):
        raise Unfit("truncated or damaged; copy or export it again") from None
    raise Unfit("neither DICOM, PNG nor JPEG, so it may say anything; convert it to PNG")


def _png_parts(data: bytes) -> Iterator[bytes]:
    place, kind = len(_PNG), b""
    while kind != b"IEND":
        size, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + size]
        if struct.unpack_from(">I", data, place + 8 + size)[0] != zlib.crc32(kind + body):
            raise IndexError
        if kind in (b"tEXt", b"zTXt", b"iTXt") and body.startswith(_PROFILE):
            raise Unfit("which way is up is said in a text of it; export it again")
        if kind == b"eXIf":
            yield from _png_chunk(b"eXIf", _orientation(body).removeprefix(_EXIF))
        elif kind in _CHUNKS:
            yield from _png_chunk(kind, body)
        place += 12 + size


def _png_chunk(kind: bytes, body: bytes) -> Iterator[bytes]:
    if body or kind == b"IEND":
        yield struct.pack(">I", len(body)) + kind + body
        yield struct.pack(">I", zlib.crc32(kind + body))


class _Segment(NamedTuple):
    """A marker of a JPEG with what follows it, and where the next one is."""

    marker: int
    body: bytes
    end: int


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    place = len(_JPEG)
    while (segment := _segment(data, place)).marker != _END:
        yield _kept(segment)
        place = segment.end
        if segment.marker == _START_OF_SCAN:
            place = _scan_end(data, segment.end)
            yield data[segment.end : place]
    yield b"\xff\xd9"


def _segment(data: bytes, place: int) -> _Segment:
    while data[place] == 0xFF and data[place + 1] == 0xFF:  # fill bytes
        place += 1
    if data[place] != 0xFF:
        raise IndexError
    marker = data[place + 1]
    if marker == _END:
        return _Segment(marker, b"", place + 2)
    (size,) = struct.unpack_from(">H", data, place + 2)
    body = data[place + 4 : place + 2 + size]
    if len(body) != size - 2:
        raise IndexError
    return _Segment(marker, body, place + 2 + size)


def _kept(segment: _Segment) -> bytes:
    """What stays of a segment: whatever decodes pixels, and which colours they are in."""
    marker, body = segment.marker, segment.body
    if marker == _APP0 and body.startswith(_JFIF):
        return _written(marker, body[:_JFIF_SIZE] + b"\0\0")  # without its thumbnail
    if marker == _APP14 and body.startswith(_ADOBE):
        return _written(marker, body[:_ADOBE_SIZE])
    if marker == _APP1 and body.startswith(_EXIF):
        return _written(marker, _orientation(body))
    tables = (_START_OF_SCAN, _QUANTISATION, _RESTART, _LINES)
    return _written(marker, body) if marker in tables or 0xC0 <= marker <= 0xCF else b""


def _written(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body if body else b""


def _scan_end(data: bytes, place: int) -> int:
    """Where the coded pixels that start here are followed by a marker."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0:
            raise IndexError
        if data[place + 1] not in _IN_SCAN:
            return place
        place += 2 if data[place + 1] != 0xFF else 1


def _orientation(exif: bytes) -> bytes:
    """EXIF that says which way is up and nothing else; empty where it need not say so."""
    read = Exif()
    try:
        read.load(exif)
        turned = int(read.get(_ORIENTATION, 1))
    except Exception:  # hostile bytes raise anything; without it the picture is as it lies
        raise Unfit("its EXIF cannot be read, which may say which way is up") from None
    if turned == 1:
        return b""
    told = Exif()
    told[_ORIENTATION] = turned
    return told.tobytes()
