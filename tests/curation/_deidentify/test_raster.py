"""A stripped picture has the pixels that it had, bit for bit, and not a word beside them."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from diascope.curation._deidentify.files import Unfit
from diascope.curation._deidentify.raster import is_raster, stripped
from diascope.imaging.decode import decode

SECRET = b"Doeworth"


def picture(mode: str, seed: int = 0) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    shape = (13, 21, bands) if bands > 1 else (13, 21)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    image = Image.frombytes(mode, (21, 13), pixels.tobytes())
    if mode == "P":
        image.putpalette(np.random.default_rng(1).integers(0, 256, 768, np.uint8).tobytes())
    return image


def exif(orientation: int) -> Image.Exif:
    told = Image.Exif()
    told[0x0112], told[0x010E], told[0x013B] = orientation, "chest of Doeworth", "Doeworth"
    return told


def png(mode: str, orientation: int = 1, seed: int = 0, **more: Any) -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Patient", "Doeworth")
    texts.add_itxt("Comment", "Doeworth", zip=True)
    with io.BytesIO() as file:
        image = picture(mode, seed)
        image.save(file, "PNG", pnginfo=texts, exif=exif(orientation), **more)
        return file.getvalue() + b"Doeworth behind the end"


def jpeg(mode: str, orientation: int = 1, seed: int = 0, **more: Any) -> bytes:
    with io.BytesIO() as file:
        image = picture(mode, seed)
        image.save(file, "JPEG", comment="Doeworth", exif=exif(orientation), **more)
        return file.getvalue() + b"Doeworth behind the end"


@given(st.sampled_from(("1", "L", "LA", "P", "RGB", "RGBA")), st.integers(1, 8), st.integers(0, 99))
def test_png(mode: str, orientation: int, seed: int) -> None:
    original = png(mode, orientation, seed) if mode != "1" else png("L", orientation, seed)
    clean = stripped(original)
    assert SECRET in original
    assert SECRET not in clean
    assert np.array_equal(decode(original, "a"), decode(clean, "a"))
    assert stripped(clean) == clean


@given(
    st.sampled_from(("L", "RGB", "CMYK")),
    st.integers(1, 8),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from((0, 1, 3)),
)
def test_jpeg(mode: str, orientation: int, seed: int, progressive: bool, restart: int) -> None:
    more = {"progressive": progressive, "restart_marker_blocks": restart, "quality": 100}
    original = jpeg(mode, orientation, seed, **more)
    clean = stripped(original)
    assert SECRET in original
    assert SECRET not in clean
    assert np.array_equal(decode(original, "a"), decode(clean, "a"))
    assert stripped(clean) == clean


def test_deep_and_transparent_pngs_keep_their_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 1 << 16, (9, 7), np.uint16)
    for image, more in (
        (Image.fromarray(pixels), {}),
        (picture("P"), {"transparency": 3}),
        (picture("L"), {"transparency": 200}),
    ):
        with io.BytesIO() as file:
            image.save(file, "PNG", **more)
            original = file.getvalue()
        assert np.array_equal(decode(original, "a"), decode(stripped(original), "a"))


@given(st.sampled_from((png("RGB", 6), jpeg("RGB", 6))), st.data())
def test_a_cut_file_is_refused(original: bytes, data: st.DataObject) -> None:
    whole = original.index(b"Doeworth behind")
    cut = data.draw(st.integers(0, whole - 1))
    with pytest.raises(Unfit):
        stripped(original[:cut])


def test_fill_bytes_before_a_marker_are_no_damage() -> None:
    original = jpeg("L").replace(b"Doeworth behind the end", b"")
    filled = original[:-2].replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1) + b"\xff\xff\xd9"
    assert np.array_equal(decode(stripped(filled), "a"), decode(original, "a"))


def test_damage_is_not_mended() -> None:
    original = bytearray(png("L"))
    original[original.index(b"IDAT") + 9] ^= 1
    with pytest.raises(Unfit, match="damaged"):
        stripped(bytes(original))


@given(st.binary(max_size=300), st.sampled_from((b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8")))
def test_any_bytes_are_stripped_or_refused(body: bytes, start: bytes) -> None:
    try:
        clean = stripped(start + body)
    except Unfit:
        return
    assert is_raster(clean)


def test_a_file_of_another_kind_is_refused() -> None:
    with io.BytesIO() as file:
        picture("L").save(file, "TIFF")
        tiff = file.getvalue()
    assert not is_raster(tiff)
    with pytest.raises(Unfit, match="neither DICOM, PNG nor JPEG"):
        stripped(tiff)


def test_which_way_is_up_must_not_be_in_a_text() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Raw profile type exif", "\nexif\n4\n00000000\n")
    with io.BytesIO() as file:
        picture("L").save(file, "PNG", pnginfo=texts)
        original = file.getvalue()
    with pytest.raises(Unfit, match="which way is up"):
        stripped(original)
