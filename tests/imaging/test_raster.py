"""PNG, JPEG and TIFF: one policy for every picture, and one kind of error for what is none."""

import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from diascope.errors import InputError
from diascope.imaging.decode import ImageError, read_grey, read_image, read_size

PIXELS = (np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) % 256).astype(np.uint8)
COLOUR = np.stack([PIXELS, 255 - PIXELS, np.full_like(PIXELS, 40)], axis=2)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_stays_one_channel_and_colour_three(tmp_path: Path, suffix: str) -> None:
    grey = saved(tmp_path / f"grey.{suffix}", Image.fromarray(PIXELS))
    colour = saved(tmp_path / f"colour.{suffix}", Image.fromarray(COLOUR))
    assert np.array_equal(read_image(grey), PIXELS)
    assert np.array_equal(read_image(colour), COLOUR)
    luminance = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_grey(colour) - luminance).max() <= 1
    assert read_size(grey) == read_size(colour) == (30, 20)


def test_jpeg_is_read_close_to_what_was_written(tmp_path: Path) -> None:
    flat = np.full((16, 24), 100, np.uint8)
    path = saved(tmp_path / "a.jpg", Image.fromarray(flat), quality=95)
    assert np.abs(read_image(path).astype(int) - 100).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_orientation_is_applied(tmp_path: Path, suffix: str, orientation: int) -> None:
    source = Image.fromarray(PIXELS)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a.{suffix}", source, exif=exif)
    pixels = read_image(path)
    assert read_size(path) == pixels.shape[::-1]
    source.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(source))
    assert pixels.shape == upright.shape
    if suffix != "jpg":
        assert np.array_equal(pixels, upright)


@pytest.mark.parametrize(("bits", "suffix"), [(16, "png"), (16, "tif"), (12, "png"), (9, "tif")])
def test_deep_grey_is_scaled_by_its_depth(tmp_path: Path, bits: int, suffix: str) -> None:
    top = 2**bits - 1
    values = np.array([[0, top // 2, top]], np.uint16)
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(values))
    assert read_image(path).tolist() == [[0, 127, 255]]


def test_dark_deep_grey_is_not_stretched_beyond_eight_bits(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(np.array([[0, 7, 100]], np.uint16)))
    assert read_image(path).tolist() == [[0, 7, 100]]


def test_alpha_is_composed_on_black(tmp_path: Path) -> None:
    alpha = np.array([[0, 255, 51]], np.uint8)
    grey = np.full_like(alpha, 200)
    two = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)])
    four = Image.merge("RGBA", [*[Image.fromarray(grey)] * 3, Image.fromarray(alpha)])
    assert read_image(saved(tmp_path / "la.png", two)).tolist() == [[0, 200, 40]]
    assert read_image(saved(tmp_path / "rgba.png", four))[..., 1].tolist() == [[0, 200, 40]]


def test_palettes_and_other_modes_become_colour_or_grey(tmp_path: Path) -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.putpixel((1, 0), 1)
    path = saved(tmp_path / "p.png", palette, transparency=0)
    assert read_image(path).tolist() == [[[0, 0, 0], [0, 255, 0]]]
    bits = saved(tmp_path / "1.png", Image.fromarray(np.array([[False, True]])))
    assert read_image(bits).tolist() == [[0, 255]]
    cmyk = saved(tmp_path / "c.tif", Image.new("CMYK", (1, 1), (0, 255, 255, 0)))
    assert read_image(cmyk).tolist() == [[[255, 0, 0]]]


def test_one_frame_of_several(tmp_path: Path) -> None:
    first, second = (Image.fromarray(np.full((4, 4), v, np.uint8)) for v in (10, 20))
    path = saved(tmp_path / "a.tif", first, save_all=True, append_images=[second])
    assert [int(read_image(path, frame)[0, 0]) for frame in (None, 0, 1)] == [10, 10, 20]
    with pytest.raises(ImageError, match="no such frame"):
        read_image(path, 2)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", b"\x89PNG"]
)
def test_a_file_that_is_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for read in (read_size, read_image):
        with pytest.raises(
            ImageError, match=r"a\.png: not a PNG, JPEG or TIFF picture, nor a DICOM file; convert"
        ):
            read(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_truncated_picture(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (64, 64), np.uint8))
    path = saved(tmp_path / f"a.{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=rf"a\.{suffix}: (truncated or damaged|not a PNG)"):
        read_image(path)


def test_a_damaged_picture_is_an_image_error_whatever_it_raises(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for suffix in ("png", "tif", "jpg"):
        path = saved(tmp_path / f"a.{suffix}", Image.fromarray(PIXELS))
        whole = bytearray(path.read_bytes())
        for _ in range(60):
            damaged = whole.copy()
            for place in rng.integers(0, len(whole), 8):
                damaged[place] = rng.integers(256)
            path.write_bytes(damaged)
            for read in (read_size, read_image):
                try:
                    read(path)
                except InputError as error:
                    assert isinstance(error, ImageError)


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def claiming(path: Path, width: int, height: int) -> Path:
    """A PNG of hardly any bytes whose header claims to be of this size."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = claiming(tmp_path / "a.png", 20_000, 5_001)
    for read in (read_size, read_image):
        with pytest.raises(ImageError, match="20000 x 5001 pixels are more than the 100000000"):
            read(path)
    with pytest.raises(ImageError, match="more than the 100000000 pixels"):
        read_size(claiming(path, 2**31 - 1, 2**31 - 1))
    assert read_size(claiming(path, 20_000, 5_000)) == (20_000, 5_000)


def test_float_pixels_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", Image.fromarray(np.ones((2, 2), np.float32)))
    with pytest.raises(ImageError, match="mode F"):
        read_image(path)


DEEP_COLOUR = np.random.default_rng(4).integers(0, 4096, (7, 5, 3), np.uint16)
DEEP_COLOUR[0, 0, 0] = 4095


def deep_png(path: Path, samples: np.ndarray) -> Path:
    path.write_bytes(pytest.importorskip("imagecodecs").png_encode(samples))
    return path


def deep_tiff(path: Path, samples: np.ndarray, **tags: int) -> Path:
    """An uncompressed little-endian TIFF of 16 bits a sample (TIFF 6.0, sections 2 and 6)."""
    height, width, channels = (*samples.shape, 1)[:3]
    pixels = samples.astype("<u2").tobytes()
    after = 8 + len(pixels)
    extra = struct.pack(f"<{channels}H", *[16] * channels) if channels > 2 else b""
    entries = {
        256: width,
        257: height,
        258: after if extra else 16,
        259: 1,
        262: tags.pop("photometric", 2 if channels >= 3 else 1),
        273: 8,
        274: tags.pop("orientation", 1),
        277: channels,
        278: height,
        279: len(pixels),
    }
    directory = struct.pack("<H", len(entries) + (channels in (2, 4)))
    if channels in (2, 4):
        entries[338] = 2
    for tag, value in sorted(entries.items()):
        count = channels if tag == 258 else 1
        kind = 3 if tag not in (273, 279) else 4
        directory += struct.pack("<HHII", tag, kind, count, value)
    start = struct.pack("<2sHI", b"II", 42, after + len(extra))
    path.write_bytes(start + pixels + extra + directory + bytes(4))
    return path


def full_scale(samples: np.ndarray, top: int) -> np.ndarray:
    return samples * (255 / top)


@pytest.mark.parametrize("write", [deep_png, deep_tiff])
def test_colour_of_16_bits_is_scaled_by_its_depth(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    path = write(tmp_path / "a", DEEP_COLOUR)
    assert np.abs(read_image(path) - full_scale(DEEP_COLOUR, 4095)).max() <= 0.5 + 1e-9
    assert read_size(path) == (5, 7)
    path = write(tmp_path / "b", DEEP_COLOUR * 16)
    assert np.abs(read_image(path) - full_scale(DEEP_COLOUR * 16, 65535)).max() <= 0.5 + 1e-9


def test_deep_alpha_is_composed_on_black(tmp_path: Path) -> None:
    alpha = np.array(
        [[[0, 0, 0, 65535], [65535, 65535, 65535, 0], [65535, 0, 0, 13107]]], np.uint16
    )
    path = deep_png(tmp_path / "a.png", alpha)
    assert read_image(path).tolist() == [[[0, 0, 0], [0, 0, 0], [51, 0, 0]]]
    two = np.array([[[65535, 65535], [65535, 0], [65535, 13107]]], np.uint16)
    assert read_image(deep_png(tmp_path / "b.png", two)).tolist() == [[255, 0, 51]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_colour_is_upright(tmp_path: Path, orientation: int) -> None:
    path = deep_tiff(tmp_path / "a.tif", DEEP_COLOUR, orientation=orientation)
    source = Image.fromarray((DEEP_COLOUR >> 4).astype(np.uint8))
    source.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(source))
    pixels = read_image(path)
    assert pixels.shape == upright.shape
    assert read_size(path) == pixels.shape[1::-1]
    assert np.abs(pixels.astype(int) - upright).max() <= 1


def test_deep_colour_names_the_package_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deep_png(tmp_path / "a.png", DEEP_COLOUR)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImageError, match=r"needs the package imagecodecs: pip install 'diascope\["):
        read_image(path)


def test_deep_colour_other_than_rgb_is_refused(tmp_path: Path) -> None:
    four = np.zeros((2, 2, 4), np.uint16)
    with pytest.raises(ImageError):
        read_image(deep_tiff(tmp_path / "a.tif", four, photometric=5))


def test_a_tiff_whose_zero_is_white(tmp_path: Path) -> None:
    values = np.array([[0, 1000, 4095]], np.uint16)
    black = read_image(deep_tiff(tmp_path / "a.tif", values))
    white = read_image(deep_tiff(tmp_path / "b.tif", values, photometric=0))
    assert black.tolist() == [[0, 62, 255]]
    assert white.tolist() == [[255, 193, 0]]


def test_ink_is_inverted_where_adobe_says_so(tmp_path: Path) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    path = saved(tmp_path / "a.jpg", ink, quality=100)
    content = path.read_bytes()
    marker = content.index(b"\xff\xeeLAdobe"[:2] + b"\x00\x0eAdobe")
    assert np.abs(read_image(path).astype(int) - [255, 0, 0]).max() <= 3
    plain = content[:marker] + content[marker + 16 :]
    inverse = Image.new("CMYK", (16, 16), (255, 0, 0, 255))
    content = saved(tmp_path / "b.jpg", inverse, quality=100).read_bytes()
    marker = content.index(b"\xff\xee\x00\x0eAdobe")
    path.write_bytes(content[:marker] + content[marker + 16 :])
    assert np.abs(read_image(path).astype(int) - [255, 0, 0]).max() <= 3
    path.write_bytes(plain)
    assert np.abs(read_image(path).astype(int)).max() <= 3
