from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from diascope.errors import InputError
from diascope.geometry import CanvasMap, Size
from diascope.imaging.store import CanvasStore
from diascope.records import Image


def store(root: Path, max_bytes: int) -> CanvasStore:
    for name in "abc":
        PIL.Image.fromarray(np.full((6, 9), ord(name), np.uint8)).save(root / f"{name}.png")
    side = Size(16, 16)
    return CanvasStore(root, lambda size: CanvasMap.fit(size, side, "stretch"), max_bytes)


def image(name: str, width: int = 9) -> Image:
    return Image(path=f"{name}.png", width=width, height=6)


def test_what_was_used_last_is_kept_and_the_rest_read_again(tmp_path: Path) -> None:
    kept = store(tmp_path, max_bytes=2 * 256)
    first, second = kept.canvas(image("a")), kept.canvas(image("b"))
    assert kept.canvas(image("a")) is first
    kept.canvas(image("c"))
    assert kept.canvas(image("a")) is first
    again = kept.canvas(image("b"))
    assert again is not second
    np.testing.assert_array_equal(again, second)


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.png: the picture is 9 x 6, its record says 8 x 6"):
        store(tmp_path, max_bytes=1024).canvas(image("a", width=8))
