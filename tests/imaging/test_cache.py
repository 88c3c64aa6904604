import hashlib
from pathlib import Path

import numpy as np
import pytest

from diascope.imaging.cache import Cache, CacheError
from diascope.imaging.cache_shard import Entry
from diascope.imaging.cache_writer import CacheWriter

GREY, COLOUR = (5, 6), (5, 6, 3)


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def entry(number: int, shape: tuple[int, ...] = GREY) -> Entry:
    pixels = np.random.default_rng(number).integers(256, size=shape, dtype=np.uint8)
    return Entry(key(number), pixels)


def filled(folder: Path, entries: list[Entry]) -> CacheWriter:
    writer = CacheWriter(folder, max_bytes=1 << 20)
    assert writer.add(entries)
    return writer


def assert_reads(cache: Cache, entries: list[Entry]) -> None:
    views = cache.views(cache.find([each.key for each in entries]))
    for view, each in zip(views, entries, strict=True):
        np.testing.assert_array_equal(view, each.canvas)


def test_grey_and_colour_come_back_in_any_order(tmp_path: Path) -> None:
    entries = [entry(number, (GREY, COLOUR)[number % 2]) for number in range(20)]
    filled(tmp_path, entries)
    order = np.random.default_rng(0).permutation(40) % 20
    assert_reads(Cache(tmp_path), [entries[place] for place in order])


def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    assert Cache(tmp_path / "nowhere").find([key(0)]).tolist() == [-1]
    filled(tmp_path, [entry(1)])
    assert Cache(tmp_path).find([key(0), key(1)]).tolist() == [-1, 0]
    assert Cache(tmp_path).find([]).tolist() == []


def test_an_open_cache_sees_what_is_added_later_and_keeps_its_positions(tmp_path: Path) -> None:
    writer = filled(tmp_path, [entry(0)])
    cache = Cache(tmp_path)
    first = cache.find([key(0)])
    view = cache.views(first)[0]
    for number in range(1, 5):
        writer.add([entry(number, (GREY, COLOUR)[number % 2])])
        assert cache.find([key(number)]).tolist() == [number]
    assert cache.find([key(0)]).tolist() == first.tolist()
    np.testing.assert_array_equal(view, entry(0).canvas)
    assert_reads(cache, [entry(number, (GREY, COLOUR)[number % 2]) for number in range(5)])


def test_pixels_that_have_rotted_are_refused_by_name(tmp_path: Path) -> None:
    filled(tmp_path, [entry(0), entry(1)])
    file = next(tmp_path.glob("*.pixels"))
    raw = bytearray(file.read_bytes())
    raw[40] ^= 1
    file.write_bytes(raw)
    cache = Cache(tmp_path)
    assert_reads(cache, [entry(0)])
    with pytest.raises(CacheError, match=rf"{file.name}: its pixels .* remove the file"):
        cache.views(cache.find([key(0), key(1)]))


def test_a_key_that_was_published_twice_is_the_newer_one(tmp_path: Path) -> None:
    writer = filled(tmp_path, [entry(0)])
    shard = writer._open(GREY)
    newer = Entry(key(0), entry(9).canvas)
    shard.append([newer])
    assert_reads(Cache(tmp_path), [newer])


def test_a_hundred_thousand_keys(tmp_path: Path) -> None:
    canvas = np.zeros((1, 1), np.uint8)
    writer = CacheWriter(tmp_path, max_bytes=1 << 30)
    writer.add([Entry(key(number), canvas) for number in range(100_000)])
    cache = Cache(tmp_path)
    asked = np.random.default_rng(0).permutation(100_001).tolist()
    found = cache.find([key(number) for number in asked])
    assert found.tolist() == [number if number < 100_000 else -1 for number in asked]
