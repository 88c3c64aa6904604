"""The size that a compressed frame says of itself, which a decoder would allocate unasked."""

from typing import NamedTuple

_JPEG, _JPEG_2000, _SIZ = b"\xff\xd8", b"\xff\x4f\xff\x51", 4
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # Huffman tables, reserved, arithmetic conditioning
_LS_FRAME = 0xF7
_LONELY = (0x01, *range(0xD0, 0xD9))


class FrameSize(NamedTuple):
    """Pixels and channels of a compressed frame."""

    width: int
    height: int
    channels: int


def bare(code: bytes) -> bytes:
    """A JPEG 2000 code stream out of the boxes of a JP2 file, where a writer has left it in them.

    Pydicom looks for it there too, and looks for ever behind a box that says to be of no length.
    """
    start = code.find(_JPEG_2000)
    return code[start:] if start > 0 and code[4:8] == b"jP  " else code


def frame_size(code: bytes) -> FrameSize | None:
    """What a JPEG (T.81 B.2.2), JPEG-LS (T.87 C.2.2) or JPEG 2000 (T.800 A.5.1) frame says.

    None where it is none of them or ends before it says so.
    """
    if code.startswith(_JPEG):
        return _jpeg(code)
    return _jpeg_2000(code[_SIZ:]) if code.startswith(_JPEG_2000) else None


def is_aligned(code: bytes, bits: int) -> bool:
    """Whether a JPEG 2000 frame is one unsigned component of so many bits, at the grid's origin.

    Its picture and its tiles then begin at 0, 0 (T.800 A.5.1).
    """
    segment = code[_SIZ:]
    offsets = [_number(segment, at, 4) for at in (12, 16, 28, 32)]
    sampling = (_number(segment, 39, 1), _number(segment, 40, 1))
    return not any(offsets) and sampling == (1, 1) and _number(segment, 38, 1) == bits - 1


def _jpeg(code: bytes) -> FrameSize | None:
    place = 2
    while place + 10 <= len(code):
        if code[place] != 0xFF:
            return None
        marker = code[place + 1]
        if _is_frame(marker):
            height, width = (_number(code, place + at, 2) for at in (5, 7))
            return FrameSize(width, height, code[place + 9])
        place += 1 if marker == 0xFF else 2  # 0xFF may be repeated as filling
        if marker != 0xFF and marker not in _LONELY:
            place += max(2, _number(code, place, 2))
    return None


def _is_frame(marker: int) -> bool:
    return marker == _LS_FRAME or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME)


def _jpeg_2000(segment: bytes) -> FrameSize | None:
    """From the segment SIZ, behind its marker: length, capabilities, then the grid."""
    if len(segment) < 38:
        return None
    right, bottom, left, top = (_number(segment, at, 4) for at in (4, 8, 12, 16))
    return FrameSize(right - left, bottom - top, _number(segment, 36, 2))


def _number(code: bytes, place: int, size: int) -> int:
    return int.from_bytes(code[place : place + size], "big")
