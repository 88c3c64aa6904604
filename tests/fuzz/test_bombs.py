"""Small files that ask for much: one clear error each, in bounded time and memory."""

import gzip
import json
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from diascope.errors import InputError
from diascope.imaging.decode import ImageError, header_of
from diascope.imaging.sandbox import Item, Limits, Sandbox
from diascope.sources.folder import Folder

DEEP = 100_000


@pytest.fixture(scope="module")
def worker() -> Iterator[Sandbox]:
    """With memory for one picture of the largest size and no more."""
    one = Sandbox(Limits(memory_mb=1024))
    one.warm()
    yield one
    one.close()


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(width: int, height: int, content: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A comment of 300 MB in front of one pixel."""
    packed = zlib.compress(bytes(300_000_000), 1)
    sound = png(1, 1, zlib.compress(b"\0\0"))
    return sound[:33] + chunk(b"zTXt", b"a\0\0" + packed) + sound[33:]


def dicom(syntax: str, content: bytes, **attributes: object) -> bytes:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    said = {"Rows": 8, "Columns": 8, "SamplesPerPixel": 1, "BitsAllocated": 8, "BitsStored": 8}
    said |= {"HighBit": 7, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2"}
    for keyword, value in (said | attributes).items():
        setattr(made, keyword, value)
    made.PixelData = content
    made["PixelData"].VR = "OB"
    file = BytesIO()
    made.save_as(file, enforce_file_format=False)
    return file.getvalue()


def tiff(count: int, width: int, height: int, last: int = 0) -> bytes:
    """So many grey pictures of one size; `last` is what the last one says is the next."""
    tags = ((256, width), (257, height), (258, 8), (262, 1), (273, 8), (278, height), (279, 1))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    one = np.dtype([("count", "<u2"), ("entries", f"V{len(entries)}"), ("next", "<u4")])
    made = np.zeros(count, one)
    made["count"], made["entries"] = len(tags), np.void(entries)
    made["next"] = 8 + one.itemsize * np.arange(1, count + 1)
    made["next"][-1] = last
    return b"II*\0" + struct.pack("<I", 8) + made.tobytes()


HUGE = {"Rows": 65535, "Columns": 65535}
LS_HUGE = bytes.fromhex("ffd8fff7000b08ffffffff01011100ffda0008010100000000")
OUT_OF_TIME = "took more than a picture of its size may"
"""Unpacking 400 MB is refused by its size, or on a slow processor by the time it took so far."""
BOMBS = {
    "png of 65535 x 65535": (lambda: png(65535, 65535, zlib.compress(bytes(1000))), "pixels"),
    "png of 2**31 x 2**31": (lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(b"")), "."),
    "png of 400 megapixels": (
        lambda: png(20_000, 20_000, zlib.compress(bytes(20_000 * 20_001), 1)),
        "more than the 100000000 pixels that are read",
    ),
    "png with a comment of 300 MB": (text_bomb, "too large|too much|damaged"),
    "dicom of 65535 x 65535": (
        lambda: dicom(uid.ExplicitVRLittleEndian, bytes(64), **HUGE),
        "65535 x 65535 pixels are more than",
    ),
    "dicom of 65535 x 65535, compressed": (
        lambda: dicom(uid.JPEGLSLossless, encapsulate([LS_HUGE]), **HUGE),
        "65535 x 65535 pixels are more than",
    ),
    "dicom with a frame larger than it says": (
        lambda: dicom(uid.JPEGLSLossless, encapsulate([LS_HUGE])),
        "its compressed frame says 65535 x 65535 x 1, its header 8 x 8 x 1",
    ),
    "dicom that claims 1000 frames": (
        lambda: dicom(uid.ExplicitVRLittleEndian, bytes(64), NumberOfFrames=1000),
        "1000 frames of 8 x 8 take 64000 bytes, and it holds 64",
    ),
    "dicom that claims 1000 compressed frames": (
        lambda: dicom(uid.RLELossless, encapsulate([bytes(64)]), NumberOfFrames=1000),
        "truncated or damaged",
    ),
    "dicom deflated a thousandfold": (
        lambda: deflated(dicom(uid.DeflatedExplicitVRLittleEndian, bytes(64))),
        "bytes is more than the 400000000 that are read|" + OUT_OF_TIME,
    ),
    "tiff of 65535 x 65535": (lambda: tiff(1, 65535, 65535), "pixels"),
    "tiff whose directories go in a ring": (lambda: tiff(2, 9, 9, last=8), "."),
    "tiff of a million directories": (lambda: tiff(1_000_000, 9, 9), "."),
}


def deflated(seed: bytes) -> bytes:
    """The file's dataset packed, and 400 MB of zeros behind it."""
    start = seed.index(b"1.2.840.10008.1.2.1.99") + 22
    pack = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts = [pack.compress(seed[start:])] + [pack.compress(bytes(1 << 20)) for _ in range(400)]
    return seed[:start] + b"".join(parts) + pack.flush()


@cache
def bomb(name: str) -> bytes:
    return BOMBS[name][0]()


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_asks_for_much_is_refused(name: str, worker: Sandbox) -> None:
    frame = 2_000_000 if "directories" in name else 999 if "1000" in name else None
    with pytest.raises(ImageError, match=BOMBS[name][1]) as caught:
        worker.read(Item(bomb(name), "bomb", frame))
    died = str(caught.value).endswith("damaged or hostile")
    assert OUT_OF_TIME in BOMBS[name][1] or not died


@pytest.mark.parametrize("name", BOMBS)
def test_its_header_costs_little(name: str, bounded) -> None:
    with bounded(memory_mb=1024):
        try:
            assert header_of(bomb(name), "bomb").size.width <= 9
        except ImageError as error:
            assert str(error).startswith("bomb: ")


def test_a_table_that_unpacks_to_much_more_than_it_is(tmp_path: Path, bounded) -> None:
    piece = b"patient,label\n" + b"0,0\n" * (1 << 18)
    with gzip.open(tmp_path / "labels.csv.gz", "wb", compresslevel=1) as file:
        for _ in range(110):
            file.write(piece)
    with bounded(memory_mb=512), pytest.raises(InputError, match=r"labels\.csv.*unpacks to more"):
        Folder(tmp_path).bytes("labels.csv")


def test_a_large_table_is_unpacked_where_its_ratio_is_a_table_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diascope.sources.folder._SMALL", 1000)
    sound = np.random.default_rng(0).integers(0, 10, 5000, np.uint8).tobytes()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(sound))
    assert Folder(tmp_path).bytes("a.csv") == sound
    monkeypatch.setattr("diascope.sources.folder._MOST_BYTES", 4000)
    with pytest.raises(InputError, match="unpacks to more than"):
        Folder(tmp_path).bytes("a.csv")


@pytest.mark.parametrize("nested", ["[" * DEEP, "[" * DEEP + "]" * DEEP, '{"a":' * DEEP])
def test_json_nested_deep(tmp_path: Path, nested: str, bounded) -> None:
    for name in ("a.json", "a.jsonl"):
        (tmp_path / name).write_text(f"{nested}\n{json.dumps({'b': 1})}\n")
    with bounded(), pytest.raises(InputError, match="no JSON"):
        Folder(tmp_path).json("a.json")
    with bounded():
        lines = list(Folder(tmp_path).json_lines("a.jsonl"))
    assert lines == [(1, None), (2, {"b": 1})]
