"""The format of a shard, and every state that a writer can leave it in by dying."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.imaging.cache import Cache
from diascope.imaging.cache_shard import LINE, Entry, Shard, shards

NUMBER = 1764000000000000000
SHAPES = [(3, 4), (3, 4, 3)]
shapes = st.sampled_from(SHAPES)


def entry(number: int, shape: tuple[int, ...]) -> Entry:
    """Pixels that follow from the key."""
    key = hashlib.sha256(str(number).encode()).digest()
    return Entry(key, np.random.default_rng(number).integers(256, size=shape, dtype=np.uint8))


def readable(folder: Path, shape: tuple[int, ...], up_to: int) -> set[int]:
    """The numbers of the entries that can be read; each is what it should be."""
    entries = [entry(number, shape) for number in range(up_to)]
    cache = Cache(folder)
    positions = cache.find([each.key for each in entries])
    found = np.flatnonzero(positions >= 0)
    for number, canvas in zip(found, cache.views(positions[found]), strict=True):
        np.testing.assert_array_equal(canvas, entries[number].canvas)
    return set(found.tolist())


@given(shapes, st.lists(st.integers(0, 4), max_size=4))
def test_what_is_appended_is_read(shape: tuple[int, ...], sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shard = Shard(NUMBER, shape, Path(folder))
        written = 0
        for size in sizes:
            shard.append([entry(written + place, shape) for place in range(size)])
            written += size
        assert readable(shard.folder, shape, written + 2) == set(range(written))
        assert shard.num_bytes() == written * (LINE.itemsize + np.prod(shape))


def stages(folder: Path, shape: tuple[int, ...], before: int, after: int) -> list[tuple[int, int]]:
    """Sizes of both files before and after the second of two appends."""
    shard = Shard(NUMBER, shape, folder)
    sizes = []
    for first, end in ((0, before), (before, before + after)):
        shard.append([entry(number, shape) for number in range(first, end)])
        sizes.append((shard.pixels.stat().st_size, shard.index.stat().st_size))
    return sizes


@given(shapes, st.integers(0, 3), st.integers(1, 3), st.data())
def test_a_writer_may_die_at_any_byte(
    shape: tuple[int, ...], before: int, after: int, data: st.DataObject
) -> None:
    """Cut off anywhere in the pixels, or with them whole anywhere in the lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (pixels, lines), (all_pixels, all_lines) = stages(folder, shape, before, after)
        shard = Shard(NUMBER, shape, folder)
        in_pixels = data.draw(st.booleans())
        kept = data.draw(st.integers(pixels, all_pixels)) if in_pixels else all_pixels
        os.truncate(shard.pixels, kept)
        lines_kept = lines if in_pixels else data.draw(st.integers(lines, all_lines))
        os.truncate(shard.index, lines_kept)
        there = set(range(lines_kept // LINE.itemsize))
        reading = Cache(folder)
        assert readable(folder, shape, 10) == there
        shard.append([entry(number, shape) for number in (7, 8)])
        assert readable(folder, shape, 10) == there | {7, 8}
        assert (reading.find([entry(8, shape).key]) >= 0).all()


@given(shapes, st.integers(1, 3), st.data())
def test_a_damaged_line_is_none(shape: tuple[int, ...], count: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        shard = Shard(NUMBER, shape, Path(name))
        shard.append([entry(number, shape) for number in range(count)])
        raw = bytearray(shard.index.read_bytes())
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= data.draw(st.integers(1, 255))
        shard.index.write_bytes(raw)
        assert readable(shard.folder, shape, count) == set(range(count)) - {place // LINE.itemsize}


@given(shapes, st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes_at_all_are_no_canvas(shape: tuple[int, ...], lines: bytes, px: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        shard = Shard(NUMBER, shape, Path(name))
        shard.index.write_bytes(lines)
        shard.pixels.write_bytes(px)
        assert readable(shard.folder, shape, 3) == set()


def test_lines_without_pixels_are_none(tmp_path: Path) -> None:
    shard = Shard(NUMBER, (3, 4), tmp_path)
    shard.append([entry(number, (3, 4)) for number in range(3)])
    os.truncate(shard.pixels, 30)
    assert readable(tmp_path, (3, 4), 3) == {0, 1}
    shard.pixels.unlink()
    assert readable(tmp_path, (3, 4), 3) == set()


def test_a_shard_of_which_one_file_is_gone_holds_nothing_and_can_be_removed(tmp_path: Path) -> None:
    for number, gone in enumerate((".pixels", ".index")):
        shard = Shard(NUMBER + number, (3, 4), tmp_path)
        shard.append([entry(number, (3, 4))])
        next(tmp_path.glob(f"{shard.number}*{gone}")).unlink()
    assert readable(tmp_path, (3, 4), 2) == set()
    assert [shard.remove() for shard in shards(tmp_path)] == [True, True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shard_that_is_mapped_is_not_removed(tmp_path: Path, shape: tuple[int, ...]) -> None:
    shard = Shard(NUMBER, shape, tmp_path)
    shard.append([entry(0, shape)])
    first, second = shard.map(), shard.map()
    assert first is not None and second is not None
    view = first[0]
    del first, second
    assert not shard.remove()
    np.testing.assert_array_equal(view, entry(0, shape).canvas)
    del view
    assert shard.remove()
    assert shards(tmp_path) == []
    assert shard.map() is None


def test_what_is_mapped_cannot_be_written_to(tmp_path: Path) -> None:
    shard = Shard(NUMBER, (3, 4), tmp_path)
    shard.append([entry(0, (3, 4))])
    canvases = shard.map()
    assert canvases is not None
    with pytest.raises(ValueError, match="read-only"):
        canvases[0, 0, 0] = 1


def test_files_of_other_names_are_left_alone(tmp_path: Path) -> None:
    for name in ("lock", "7-2x2x1.pixels", f"{NUMBER}-2x2x2.pixels", f"{NUMBER}-0x2x1.index"):
        (tmp_path / name).touch()
    assert shards(tmp_path) == []
    (tmp_path / f"{NUMBER}-2x3x3.index").touch()
    assert shards(tmp_path) == [Shard(NUMBER, (3, 2, 3), tmp_path)]
    assert shards(tmp_path / "nowhere") == []
