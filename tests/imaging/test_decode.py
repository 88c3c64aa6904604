"""The door: the same pixels from a path and from bytes, and one kind of error for what is none."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from diascope.imaging.decode import (
    ImageError,
    decode,
    read_grey,
    read_header,
    read_image,
    read_size,
)

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def test_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "no.png", tmp_path):
        for read in (read_size, read_image, read_grey):
            with pytest.raises(ImageError, match="there is no such file; check the path"):
                read(path)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_bytes_give_what_the_path_gives(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(PIXELS).save(path)
    pixels = read_image(path)
    assert np.array_equal(decode(path.read_bytes(), "b"), pixels)
    header = read_header(path)
    assert header.size == header.stored == read_size(path) == (30, 20)
    assert (header.frames, header.scale, header.spacing_mm) == (1, (1, 1), None)
    assert not list(header.doubts())


def test_a_name_stands_for_the_path_in_messages() -> None:
    with pytest.raises(
        ImageError, match=r"^upload 7: not a PNG, JPEG or TIFF picture, nor a DICOM"
    ):
        decode(b"hello", "upload 7")


def test_frames_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [Image.fromarray(PIXELS)] * 3
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert read_header(path).frames == 3
    assert np.array_equal(decode(path.read_bytes(), "b", 2), PIXELS)


def test_a_file_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"cannot be opened \(Permission denied\)"):
        read_image(path)


STARTS = (
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"II*\0",
    b"MM\0*",
    b"\x08\0\x05\0",
    b"\0\x08\0\x05",
)


@given(st.sampled_from((*STARTS, bytes(128) + b"DICM")), st.binary(max_size=200))
def test_any_bytes_are_an_image_error(start: bytes, rest: bytes) -> None:
    with pytest.raises(ImageError, match=r"^a: "):
        decode(start + rest, "a")
