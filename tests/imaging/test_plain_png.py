"""A PNG is the same picture whichever decoder reads it, and refused for the same reasons."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile

from diascope.geometry import CanvasMap, Size
from diascope.imaging import plain_png
from diascope.imaging.canvas import draw
from diascope.imaging.decode import ImageError, decode, decode_canvas

pytest.importorskip("kornia_rs")
SIZE = Size(97, 83)
seeds = st.integers(0, 2**16)


def noise(channels: int, seed: int = 0, size: Size = SIZE) -> NDArray[np.uint8]:
    shape = (size.height, size.width, 3) if channels == 3 else (size.height, size.width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8) // 8 * 8


def saved(picture: NDArray[np.uint8] | Image.Image, **options: object) -> bytes:
    file = BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, "png", **options)
    return file.getvalue()


def read(data: bytes) -> NDArray[np.uint8] | None:
    file = BytesIO(data)
    with Image.open(file, formats=("PNG",)) as image:
        assert isinstance(image, ImageFile.ImageFile)
        here = file.tell()
        pixels = plain_png.read(file, image)
        assert file.tell() == here
        return pixels


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    place, found = 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += length + 12
    return found


def built(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def canvas_map(size: Size) -> CanvasMap:
    return CanvasMap.fit(size, Size(16, 16), "stretch")


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([1, 3]), seeds)
def test_pixels_are_those_that_were_saved(
    width: int, height: int, channels: int, seed: int
) -> None:
    pixels = noise(channels, seed, Size(width, height))
    data = saved(pixels, compress_level=seed % 10)
    np.testing.assert_array_equal(read(data), pixels)
    np.testing.assert_array_equal(decode(data, "a"), pixels)


def strange() -> dict[str, bytes]:
    """What Pillow is to read."""
    grey = Image.fromarray(noise(1))
    with_alpha = grey.copy()
    with_alpha.putalpha(128)
    two = Image.new("L", grey.size, 7)
    parts = chunks(saved(grey))
    return {
        "alpha": saved(with_alpha),
        "palette": saved(Image.fromarray(noise(3)).quantize(16)),
        "bits": saved(grey.convert("1")),
        "deep": saved(Image.fromarray(noise(1).astype(np.uint16) << 6)),
        "transparent": saved(grey, transparency=8),
        "transparent at the end": built([*parts[:-1], (b"tRNS", b"\0\x08"), parts[-1]]),
        "moving": saved(grey, save_all=True, append_images=[two]),
    }


@pytest.mark.parametrize("kind", strange())
def test_what_is_not_plain_is_read_by_pillow(kind: str) -> None:
    data = strange()[kind]
    assert read(data) is None
    whole = draw(decode(data, "a"), canvas_map(SIZE))
    np.testing.assert_array_equal(decode_canvas(data, "a", canvas_map(SIZE)), whole)


def test_an_interlaced_one_is_read_by_pillow() -> None:
    """Of one pixel, whose seven passes are its one."""
    head, *others = chunks(saved(np.full((1, 1), 9, np.uint8)))
    data = built([(head[0], head[1][:-1] + b"\1"), *others])
    assert read(data) is None
    assert decode_canvas(data, "a", canvas_map(Size(1, 1))).max() == 9


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(noise(1), exif=exif)
    upright = decode(data, "a")
    placed = canvas_map(Size(upright.shape[1], upright.shape[0]))
    np.testing.assert_array_equal(decode_canvas(data, "a", placed), draw(upright, placed))


def test_gamma_is_looked_at_by_neither() -> None:
    head, *others = chunks(saved(noise(1)))
    data = built([head, (b"gAMA", struct.pack(">I", 30000)), *others])
    np.testing.assert_array_equal(read(data), noise(1))
    np.testing.assert_array_equal(decode(data, "a"), noise(1))


SOUND = {channels: saved(noise(channels)) for channels in (1, 3)}


@given(
    st.sampled_from([1, 3]),
    st.integers(0, 9000),
    st.lists(st.tuples(seeds, st.integers(0, 255)), max_size=4),
)
def test_damage_has_the_same_fate(channels: int, end: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SOUND[channels][: end or None])
    for place, value in changes:
        data[place % len(data)] = value
    try:
        whole = decode(bytes(data), "a")
    except ImageError as error:
        with pytest.raises(ImageError) as caught:
            decode_canvas(bytes(data), "a", canvas_map(SIZE))
        assert str(caught.value) == str(error)
        return
    placed = canvas_map(Size(whole.shape[1], whole.shape[0]))
    np.testing.assert_array_equal(decode_canvas(bytes(data), "a", placed), draw(whole, placed))


@pytest.mark.parametrize("channels", [1, 3])
def test_canvases_are_the_same_without_kornia(
    channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, placed = saved(noise(channels)), canvas_map(SIZE)
    fast = decode_canvas(data, "a", placed)
    monkeypatch.setattr(plain_png, "is_fast", lambda: False)
    assert read(data) is None
    np.testing.assert_array_equal(decode_canvas(data, "a", placed), fast)
