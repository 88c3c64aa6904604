"""Files that nobody vouches for: a bad one costs one error, and the next is decoded."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diascope.geometry import CanvasMap, Size
from diascope.imaging import sandbox
from diascope.imaging.canvas import draw
from diascope.imaging.decode import ImageError, decode, decode_canvas
from diascope.imaging.sandbox import DecodePool, Item, Limits, Sandbox, read_untrusted

PIXELS = np.arange(12 * 17, dtype=np.uint8).reshape(12, 17)
DATA = Path(os.environ.get("DIASCOPE_DATA", "nowhere"))


def png(pixels=PIXELS) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


@pytest.fixture
def worker():
    one = Sandbox(Limits(seconds=20, items=3))
    yield one
    one.close()


@pytest.fixture
def dying(monkeypatch, tmp_path: Path):
    """Workers that run a decoder which misbehaves on command."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import os, sys, time\n"
        "from diascope.imaging import _sandbox_worker as worker, decode\n"
        "sound = decode.decode\n"
        "def misbehaving(data, name, frame):\n"
        "    if data == b'abort': os.abort()\n"
        "    if data == b'exit': os._exit(7)\n"
        "    if data == b'sleep': time.sleep(60)\n"
        "    if data == b'greedy': bytearray(10 << 30)\n"
        "    if data == b'half':\n"
        "        os.write(1, worker.REPLY.pack(0, 9, 9, 0) + b'xxx')\n"
        "        os.abort()\n"
        "    if data == b'huge':\n"
        "        os.write(1, worker.REPLY.pack(0, 2**31, 2**31, 3))\n"
        "        os.abort()\n"
        "    return sound(data, name, frame)\n"
        "decode.decode = misbehaving\n"
        "worker.main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))\n"
    )
    monkeypatch.setattr(sandbox, "COMMAND", (sys.executable, str(script)))


def test_pixels_come_back_as_they_are(worker: Sandbox) -> None:
    assert np.array_equal(worker.read(Item(png(), "a")), PIXELS)
    colour = np.stack([PIXELS, PIXELS // 2, PIXELS // 3], axis=2)
    assert np.array_equal(worker.read(Item(png(colour), "b")), colour)


def test_a_canvas_comes_back_as_it_is_drawn_here(worker: Sandbox) -> None:
    """From fewer pixels than the picture has, by the same rules."""
    shades = np.add.outer(np.arange(192), np.arange(256) // 2).clip(0, 255).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(shades).save(file, "jpeg")
    placed = CanvasMap.fit(Size(256, 192), Size(16, 16), "stretch")
    drawn = worker.read(Item(file.getvalue(), "a", placed=placed))
    np.testing.assert_array_equal(drawn, decode_canvas(file.getvalue(), "a", placed))
    assert not np.array_equal(drawn, draw(decode(file.getvalue(), "a"), placed))
    with pytest.raises(ImageError, match="upload: the picture is 17 x 12, its record says 256 x"):
        worker.read(Item(png(), "upload", placed=placed))


def test_a_worker_is_reused_and_then_replaced(worker: Sandbox) -> None:
    for _ in range(8):
        assert np.array_equal(worker.read(Item(png(), "a")), PIXELS)


def test_a_refusal_is_the_decoders_own_and_the_worker_goes_on(worker: Sandbox) -> None:
    with pytest.raises(ImageError, match=r"^upload 7: "):
        worker.read(Item(b"nothing of the kind", "upload 7"))
    assert np.array_equal(worker.read(Item(png(), "a")), PIXELS)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"abort", "died of SIGABRT"),
        (b"exit", "ended with status 7"),
        (b"sleep", "took more than 1 s"),
        (b"half", "took more than 1 s"),
        (b"huge", "more than a picture"),
        (b"greedy", "memory|Memory"),
    ],
)
def test_what_kills_a_worker_is_charged_to_its_file(dying, data: bytes, told: str) -> None:
    one = Sandbox(Limits(seconds=1))
    try:
        # loading the decoders takes longer than the second that a file has
        one.warm()
        with pytest.raises(ImageError, match=told):
            one.read(Item(data, "upload"))
        one.warm()
        assert np.array_equal(one.read(Item(png(), "a")), PIXELS)
    finally:
        one.close()


def test_a_worker_that_was_killed_from_outside_is_replaced(worker: Sandbox) -> None:
    worker.read(Item(png(), "a"))
    os.killpg(worker.process_id(), signal.SIGKILL)
    with contextlib.suppress(ImageError):
        worker.read(Item(png(), "b"))
    assert np.array_equal(worker.read(Item(png(), "c")), PIXELS)


def test_a_pool_keeps_the_order_and_its_errors_are_values(dying) -> None:
    data = [png(np.full((3, n + 1), n, np.uint8)) for n in range(9)]
    data[4] = b"abort"
    data[6] = b"no picture"
    with DecodePool(workers=2) as pool:
        items = [Item(each, f"file {n}") for n, each in enumerate(data)]
        both = list(pool.read_all(items))
    assert [item for item, _ in both] == items
    read = [each for _, each in both]
    assert [isinstance(each, ImageError) for each in read] == [n in (4, 6) for n in range(9)]
    assert all(read[n].shape == (3, n + 1) and (read[n] == n).all() for n in (0, 3, 5, 8))
    assert "file 4" in str(read[4])


def is_gone(group: int) -> bool:
    """Whether no process of the group is left, within ten seconds."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return False


def test_no_worker_outlives_its_pool() -> None:
    with DecodePool(workers=2) as pool:
        pool.read(Item(png(), "a"))
        group = next(each.process_id() for each in pool.sandboxes if each.process_id())
    assert is_gone(group)


def test_a_caller_that_is_killed_leaves_no_worker(tmp_path: Path) -> None:
    script = (
        "import os, sys; from diascope.imaging.sandbox import *; "
        "one = Sandbox(); one.warm(); print(one.process_id(), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    group = int(done.stdout)
    assert is_gone(group)


@pytest.mark.real_data
@pytest.mark.skipif(not (DATA / "hostile").is_dir(), reason="DIASCOPE_DATA names no hostile files")
def test_hostile_files_cost_one_error_each_and_leave_the_parent_alive() -> None:
    for path in sorted((DATA / "hostile").iterdir()):
        with pytest.raises(ImageError):
            read_untrusted(path.read_bytes(), "hostile")
