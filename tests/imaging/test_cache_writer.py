"""The bound on the disk, several processes at once, and kill -9 at any moment."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from diascope.imaging.cache import Cache, CacheError
from diascope.imaging.cache_shard import Entry, shards
from diascope.imaging.cache_writer import CacheWriter

KILLS = int(os.environ.get("DIASCOPE_KILLS", "4"))
SIDE = 10
EACH = SIDE * SIDE + 40
BOUND = 16 * 3 * EACH
"""Sixteen shards of three canvases."""


def key(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def entry(number: int) -> Entry:
    return Entry(key(number), np.full((SIDE, SIDE), number % 251, np.uint8))


def total(folder: Path) -> int:
    return sum(shard.num_bytes() for shard in shards(folder))


def there(folder: Path, numbers: range) -> list[int]:
    found = Cache(folder).find([key(number) for number in numbers]) >= 0
    return [number for number, is_there in zip(numbers, found, strict=True) if is_there]


def test_the_oldest_go_first_and_the_bound_is_kept(tmp_path: Path) -> None:
    for number in range(100):
        assert CacheWriter(tmp_path, BOUND).add([entry(number)])
        assert total(tmp_path) <= BOUND
    left = there(tmp_path, range(100))
    assert left == list(range(100 - len(left), 100))
    assert len(left) > 40


def test_what_a_building_needs_is_not_removed_for_its_rest(tmp_path: Path) -> None:
    writer = CacheWriter(tmp_path, BOUND)
    added = [number for number in range(100) if writer.add([entry(number)])]
    assert added == list(range(48))
    assert there(tmp_path, range(100)) == added


def test_what_another_process_reads_is_not_removed(tmp_path: Path) -> None:
    for number in range(48):
        CacheWriter(tmp_path, BOUND).add([entry(number)])
    reading = Cache(tmp_path)
    position = reading.find([key(0)])
    for number in range(48, 100):
        CacheWriter(tmp_path, BOUND).add([entry(number)])
    assert total(tmp_path) <= BOUND
    assert there(tmp_path, range(3)) == [0, 1, 2]
    np.testing.assert_array_equal(reading.views(position)[0], entry(0).canvas)


def test_what_has_no_room_is_counted_by_size_of_canvas(tmp_path: Path) -> None:
    large = Entry(key(3), np.zeros((SIDE, 16 * SIDE), np.uint8))
    writer = CacheWriter(tmp_path, 8 * EACH)
    assert writer.add([entry(0), large, entry(1)]) == 2
    assert there(tmp_path, range(4)) == [0, 1]


def test_nothing_is_published_twice(tmp_path: Path) -> None:
    first, second = CacheWriter(tmp_path, BOUND), CacheWriter(tmp_path, BOUND)
    first.add([entry(0), entry(1)])
    second.add([entry(1), entry(2)])
    assert total(tmp_path) == 3 * EACH


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    writer = CacheWriter(tmp_path, BOUND)
    (tmp_path / "lock").mkdir()
    with pytest.raises(CacheError, match=r"the cache cannot be written \(Is a directory\)"):
        writer.add([entry(0)])


PROGRAM = """
import hashlib, sys
from pathlib import Path
import numpy as np
from diascope.imaging.cache_shard import Entry
from diascope.imaging.cache_writer import CacheWriter
folder, first, step, count = Path(sys.argv[1]), *map(int, sys.argv[2:5])
writer = CacheWriter(folder, 1 << 30)
for start in range(first, count, step):
    batch = [
        Entry(
            hashlib.sha256(str(number).encode()).digest(),
            np.full((200, 200), number % 251, np.uint8),
        )
        for number in range(start, min(start + 8, count))
    ]
    writer.add(batch)
    print(start, flush=True)
"""


def started(folder: Path, first: int, step: int, count: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", PROGRAM, str(folder), str(first), str(step), str(count)]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


def read_all(folder: Path, up_to: int) -> set[int]:
    """The numbers that can be read; their pixels are theirs, compared byte by byte."""
    cache = Cache(folder)
    positions = cache.find([key(number) for number in range(up_to)])
    found = np.flatnonzero(positions >= 0).tolist()
    for number, canvas in zip(found, cache.views(positions[positions >= 0]), strict=True):
        assert canvas.shape == (200, 200)
        assert (canvas == number % 251).all()
    return set(found)


def test_a_writer_killed_at_any_moment_leaves_nothing_wrong(tmp_path: Path) -> None:
    moment = random.Random(7)
    whole: set[int] = set()
    for kill in range(KILLS):
        first = 4000 * kill
        process = started(tmp_path, first, 8, 10**9)
        assert process.stdout is not None
        told = int(process.stdout.readline())
        time.sleep(moment.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        told = max([told, *map(int, process.stdout.read().split())])
        process.stdout.close()
        now = read_all(tmp_path, 4000 * (kill + 1))
        assert now >= whole | set(range(first, told + 8)), "what was published is there"
        whole = now
    assert CacheWriter(tmp_path, 1 << 30).add([entry(-1)])


def test_several_processes_fill_one_folder_while_it_is_read(tmp_path: Path) -> None:
    processes = [started(tmp_path, first, 16, 400) for first in (0, 8, 0)]
    while any(process.poll() is None for process in processes):
        read_all(tmp_path, 400)
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert read_all(tmp_path, 400) == set(range(400))
    assert total(tmp_path) == 400 * (200 * 200 + 40)
