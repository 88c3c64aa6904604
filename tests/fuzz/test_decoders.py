"""Every decoder over damaged files: pixels or one ImageError, and no worker that dies.

    DIASCOPE_FUZZ=10000 pytest tests/fuzz/test_decoders.py -k "[jpeg-ls]"

A failure says which input of which seed it was, and where its bytes are kept.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from diascope.imaging.decode import ImageError, header_of
from diascope.imaging.header import Header
from diascope.imaging.sandbox import DecodePool, Item, Limits

imagecodecs = pytest.importorskip("imagecodecs")
DEEP = (np.add.outer(np.arange(24) * 70, np.arange(40) * 50) % 4096).astype(np.uint16)
GREY = (DEEP >> 4).astype(np.uint8)
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)
WINDOW = {"BitsStored": 12, "HighBit": 11, "WindowCenter": 2048, "WindowWidth": 4096}
BROKEN = "; it is damaged or hostile"
"""How every message ends of a worker that died, or hung and was killed."""
HANGS = {"dicom jpeg-ls": 0.02}
"""Shares of inputs that may hang: CharLS to 2.4.3 decodes some damage for ever (its change 334)."""
PATIENCE = Limits(seconds=4)


def saved(pixels: np.ndarray, form: str, mode: str = "", **options: object) -> bytes:
    file, image = BytesIO(), Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, form, **options)
    return file.getvalue()


def pages() -> bytes:
    file = BytesIO()
    first, *others = (Image.fromarray(np.roll(GREY, turn)) for turn in range(3))
    first.save(file, "tiff", save_all=True, append_images=others, compression="tiff_lzw")
    return file.getvalue()


def dicom(pixels: np.ndarray, syntax: str, *codes: bytes, **attributes: object) -> bytes:
    """A file of the pixels, or of compressed frames of them."""
    made, bits = Dataset(), pixels.dtype.itemsize * 8
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    made.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation, made.PatientName = 0, "DOE^JANE"
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    made.PixelData = encapsulate(list(codes)) if codes else pixels.tobytes()
    made["PixelData"].VR = "OW" if bits > 8 and not codes else "OB"
    file = BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def rle(pixels: np.ndarray) -> bytes:
    """PS3.5 annex G: a plane of bytes after the other, highest first, as runs of one byte."""
    planes = pixels.astype(pixels.dtype.newbyteorder(">")).view(np.uint8)
    planes = planes.reshape(pixels.size, -1).T if pixels.ndim == 2 else pixels.reshape(-1, 3).T
    segments = [b"".join(bytes([0, value]) for value in plane) for plane in planes]
    starts = [64 + sum(map(len, segments[:number])) for number in range(len(segments))]
    head = struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(segments)))
    return head + b"".join(segments)


def palette() -> dict[str, object]:
    said: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        said[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        said[f"{colour}PaletteColorLookupTableData"] = np.arange(256, dtype="<u2").tobytes()
    return said


def table() -> Dataset:
    """A VOI LUT."""
    made = Dataset()
    made.LUTDescriptor = [256, 0, 8]
    made.LUTData = bytes(range(256)) * 2
    made["LUTDescriptor"].VR, made["LUTData"].VR = "US", "OW"
    return made


def deep_tiff(**options: object) -> bytes:
    return bytes(imagecodecs.tiff_encode(COLOUR.astype(np.uint16) * 257, **options))


def jpeg(pixels: np.ndarray, **options: object) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, **options))


def jpeg_2000(pixels: np.ndarray, **options: object) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", **options))


def htj2k(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))


DECODERS = {
    "png": lambda: [
        saved(GREY, "png"),
        saved(COLOUR, "png", "P", transparency=3),
        saved(COLOUR, "png", "RGBA", optimize=True),
        saved(DEEP, "png"),
    ],
    "png of 16 bits": lambda: [bytes(imagecodecs.png_encode(COLOUR.astype(np.uint16) * 257))],
    "jpeg": lambda: [
        saved(GREY, "jpeg"),
        saved(COLOUR, "jpeg", progressive=True),
        saved(COLOUR, "jpeg", "CMYK"),
        saved(COLOUR, "jpeg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06"),
    ],
    "tiff": lambda: [
        saved(GREY, "tiff"),
        saved(DEEP, "tiff", compression="tiff_adobe_deflate"),
        saved(COLOUR, "tiff", compression="jpeg"),
        saved(GREY > 99, "tiff", compression="group4"),
        saved(COLOUR, "tiff", compression="packbits"),
        pages(),
    ],
    "tiff of 16 bits": lambda: [deep_tiff(photometric="rgb")],
    "dicom header": lambda: [
        dicom(GREY, uid.ImplicitVRLittleEndian, VOILUTSequence=[table()], WindowWidth=1),
        dicom(GREY, uid.ExplicitVRLittleEndian, PixelSpacing=[0.2, 0.1], BurnedInAnnotation="NO"),
    ],
    "dicom native": lambda: [
        dicom(DEEP, uid.ExplicitVRLittleEndian, **WINDOW),
        dicom(DEEP, uid.ImplicitVRLittleEndian, PixelPaddingValue=0, RescaleSlope=2, **WINDOW),
        dicom(COLOUR, uid.ExplicitVRLittleEndian),
        dicom(GREY, uid.ExplicitVRLittleEndian, **palette()),
        dicom(GREY, uid.ExplicitVRLittleEndian, NumberOfFrames=2, Rows=12),
        dicom(GREY, uid.ExplicitVRLittleEndian, VOILUTSequence=[table()]),
    ],
    "dicom rle": lambda: [
        dicom(DEEP, uid.RLELossless, rle(DEEP), **WINDOW),
        dicom(COLOUR, uid.RLELossless, rle(COLOUR)),
    ],
    "dicom jpeg baseline": lambda: [
        dicom(GREY, uid.JPEGBaseline8Bit, jpeg(GREY)),
        dicom(COLOUR, uid.JPEGBaseline8Bit, jpeg(COLOUR), PhotometricInterpretation="YBR_FULL_422"),
    ],
    "dicom jpeg extended": lambda: [
        dicom(DEEP, uid.JPEGExtended12Bit, jpeg(DEEP, bitspersample=12), **WINDOW)
    ],
    "dicom jpeg lossless": lambda: [
        dicom(
            DEEP,
            uid.JPEGLosslessSV1,
            jpeg(DEEP, lossless=True, predictor=1, bitspersample=12),
            **WINDOW,
        ),
        dicom(COLOUR, uid.JPEGLossless, jpeg(COLOUR, lossless=True, predictor=6)),
    ],
    "dicom jpeg-ls": lambda: [
        dicom(DEEP, uid.JPEGLSLossless, bytes(imagecodecs.jpegls_encode(DEEP)), **WINDOW),
        dicom(COLOUR, uid.JPEGLSNearLossless, bytes(imagecodecs.jpegls_encode(COLOUR, 4))),
    ],
    "dicom jpeg 2000": lambda: [
        dicom(DEEP, uid.JPEG2000Lossless, jpeg_2000(DEEP, reversible=True), **WINDOW),
        dicom(
            COLOUR,
            uid.JPEG2000,
            jpeg_2000(COLOUR, level=60, mct=True),
            PhotometricInterpretation="YBR_ICT",
        ),
    ],
    "dicom htj2k": lambda: [
        dicom(DEEP, uid.HTJ2KLossless, htj2k(DEEP), **WINDOW),
        dicom(GREY, uid.HTJ2K, htj2k(GREY), htj2k(255 - GREY), NumberOfFrames=2),
    ],
}


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(workers=2, limits=PATIENCE) as workers:
        for sandbox in workers.sandboxes:
            sandbox.warm()
        yield workers


def damaged(seeds: list[bytes], inputs, damage, test: str, usual: int) -> Iterator[Item]:
    for number, rng in inputs(test, usual):
        seed = rng.randrange(len(seeds))
        data = damage(seeds[seed], rng)
        data = checked(data) if rng.random() < 0.7 else data
        yield Item(data, f"input {number} of seed {seed}", _frame(rng))


def _frame(rng: Random) -> int | None:
    return rng.choice((None, None, None, 0, 1, 2**31 - 1))


def checked(data: bytes) -> bytes:
    """Of a PNG: with checksums that are right, or no decoder would look at what is damaged."""
    made, place = bytearray(data), 8
    while data.startswith(b"\x89PNG") and place + 12 <= len(made):
        end = place + 8 + int.from_bytes(made[place : place + 4], "big")
        made[end : end + 4] = struct.pack(">I", zlib.crc32(made[place + 4 : end]))
        place = end + 4
    return bytes(made)


def kept(item: Item, why: object, folder: Path) -> str:
    """Where the bytes are kept, and what came of them."""
    path = folder / re.sub(r"\W+", "-", item.name)
    path.write_bytes(item.data)
    return f"{item.name}, frame {item.frame}, kept as {path}: {why}"


def _why(read: np.ndarray | ImageError) -> str:
    return str(read) if isinstance(read, ImageError) else ""


@pytest.mark.parametrize("name", DECODERS)
def test_decoder(name: str, pool: DecodePool, tmp_path: Path, inputs, damage) -> None:
    items = damaged(DECODERS[name](), inputs, damage, f"decoder {name}", 500)
    results = [(item, _why(read)) for item, read in pool.read_all(items)]
    broken = [(item, why) for item, why in results if why.endswith(BROKEN)]
    hung = [item for item, why in broken if "decoding took more than" in why]
    died = [kept(item, why, tmp_path) for item, why in broken if item not in hung]
    assert not died, "\n".join(died)
    why_hung = "\n".join(kept(item, "it hung", tmp_path) for item in hung)
    assert len(hung) <= HANGS.get(name, 0) * len(results), why_hung


@pytest.mark.parametrize("name", DECODERS)
def test_header(name: str, tmp_path: Path, inputs, damage, bounded) -> None:
    """Headers are read in the process itself, as nothing in it decodes."""
    for item in damaged(DECODERS[name](), inputs, damage, f"header {name}", 200):
        try:
            with bounded():
                assert isinstance(header_of(item.data, item.name), Header)
        except ImageError as error:
            assert str(error).startswith(item.name)
            assert "DOE" not in str(error)
        except BaseException as error:
            raise AssertionError(kept(item, repr(error), tmp_path)) from error


@pytest.mark.parametrize("name", DECODERS)
def test_seeds_are_sound(name: str, pool: DecodePool) -> None:
    """Damage to what no decoder takes anyway would try nothing."""
    for seed in DECODERS[name]():
        read = pool.read(Item(seed, name))
        assert isinstance(read, np.ndarray), read
