"""Decoding: one policy for every picture, and one kind of error for every file that is none."""

import os
import struct
import zlib
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


def test_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "no.png", tmp_path):
        for read in (read_size, read_image, read_grey):
            with pytest.raises(ImageError, match="there is no such file; check the path"):
                read(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", b"\x89PNG"]
)
def test_a_file_that_is_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for read in (read_size, read_image):
        with pytest.raises(ImageError, match=r"a\.png: not a PNG, JPEG or TIFF picture; convert"):
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


@pytest.mark.real_data
def test_hostile_dicom_files_are_no_pictures() -> None:
    folder = Path(os.environ.get("DIASCOPE_DATA", "")) / "hostile"
    if not os.environ.get("DIASCOPE_DATA") or not folder.is_dir():
        pytest.skip("DIASCOPE_DATA names no folder with hostile files")
    paths = list(folder.iterdir())
    assert paths
    for path in paths:
        with pytest.raises(ImageError, match="not a PNG, JPEG or TIFF"):
            read_image(path)
