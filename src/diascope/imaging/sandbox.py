"""Decoding of files that nobody vouches for, in workers that may die of them.

A worker is a process of its own (see `_sandbox_worker`): it has no open files but two pipes, and
limits of memory and time. It is reused until a file kills it or it has served its share; a death is
charged to the one file that was being decoded, as an ImageError, and costs the caller nothing else.
Bytes go in and pixels, or a canvas with the picture on it, come out as plain length-prefixed
frames.

Time is that of the processor and in proportion to the picture (`processor_seconds`): a decoder that
never ends is stopped within a second or two on a small file, and a sound one is not taken for it
because the machine is busy. Only a decoder that waits for something is stopped by the clock.
"""

import os
import queue
import select
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from diascope.geometry import CanvasMap
from diascope.imaging.decode import MAX_PIXELS, ImageError

Pixels = NDArray[np.uint8]

REQUEST = struct.Struct("<IIIq")
"""Bytes of the name, of the canvas' map (0: there is none) and of the file, frame (-1 for none)."""
REPLY = struct.Struct("<BIII")
"""What it is, and height, width, channels (0: grey) of pixels, or bytes of a message."""
CHECK = struct.Struct("<I")
PIXELS, REFUSED, DIED = 0, 1, 2
COMMAND = (sys.executable, "-m", "diascope.imaging._sandbox_worker")
READY = b"ready"
CONFINED = "DIASCOPE_CONFINED"
"""In the environment of workers: whoever finds it there need not fear a decoder."""
_LOADING_SECONDS = 120.0
_MOST_BYTES = 3 * MAX_PIXELS
_START_SECONDS, _PIXEL_NANOSECONDS, _BYTE_NANOSECONDS = 0.5, 1000, 20
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Limits:
    """What one file may cost."""

    seconds: float = 120.0
    """Wall time of one file; a sound one of the largest size needs half of it."""
    memory_mb: int = 3072
    """Memory beyond what the empty worker has."""
    items: int = 1000
    """Files that a worker serves before a fresh one takes its place: decoders leak."""


USUAL = Limits()


def processor_seconds(num_pixels: int, num_bytes: int) -> float:
    """What decoding may take: twice what the slowest decoder here (JPEG 2000, colour) needs."""
    nanoseconds = num_pixels * _PIXEL_NANOSECONDS + num_bytes * _BYTE_NANOSECONDS
    return _START_SECONDS + nanoseconds * 1e-9


class Item(NamedTuple):
    """One file to decode; errors call it by `name`, which must tell nothing of a patient.

    With a map, its picture is drawn on that canvas.
    """

    data: bytes
    name: str
    frame: int | None = None
    placed: CanvasMap | None = None


class _Broken(Exception):
    """The worker can be used no more."""


class Sandbox:
    """One worker. Not for several threads at once: `DecodePool` is."""

    def __init__(self, limits: Limits = USUAL) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, item: Item) -> Pixels:
        """The decoded pixels, as `decode` gives them, or the canvas, as `decode_canvas` does.

        ImageError where they cannot be had.
        """
        try:
            self._send(item)
            return self._received(item.name)
        except _Broken as broken:
            self.close()
            raise ImageError(f"{item.name}: {broken}; it is damaged or hostile") from None

    def warm(self) -> None:
        """Starts the worker, and waits until it is ready: its first file need not."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = _started(self._limits)
            self._deadline = time.monotonic() + _LOADING_SECONDS
            self._take(len(READY))

    def process_id(self) -> int | None:
        """Of the worker, which is also its process group; None while there is none."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Ends the worker, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def _send(self, item: Item) -> None:
        self.warm()
        name = item.name.encode(errors="replace")[:1000]
        frame = -1 if item.frame is None else item.frame
        placed = item.placed.model_dump_json().encode() if item.placed else b""
        head = REQUEST.pack(len(name), len(placed), len(item.data), frame)
        self._deadline = time.monotonic() + self._limits.seconds
        self._write(head + name + placed + item.data)

    def _write(self, data: bytes) -> None:
        pipe = _pipe(self._process, "stdin")
        view = memoryview(data)
        while view:
            if not select.select([], [pipe], [], self._left())[1]:
                raise _Broken("it was not taken in time")
            try:
                view = view[os.write(pipe, view[: 1 << 16]) :]
            except BrokenPipeError:
                raise _Broken("the worker ended before it had the file") from None

    def _received(self, name: str) -> Pixels:
        head = self._take(REPLY.size)
        kind, height, width, channels = REPLY.unpack(head)
        if kind == DIED:
            raise ImageError(f"{name}: {_cause(height)}; it is damaged or hostile")
        size = height * width * max(1, channels) if kind == PIXELS else height
        if size > _MOST_BYTES:
            raise _Broken("the worker replied with more than a picture")
        body = self._take(size)
        if CHECK.unpack(self._take(CHECK.size))[0] != zlib.crc32(body):
            raise _Broken("the worker broke off its reply")
        if kind == REFUSED:
            raise ImageError(bytes(body).decode(errors="replace"))
        shape = (height, width, channels) if channels else (height, width)
        return np.frombuffer(body, np.uint8).reshape(shape)

    def _take(self, size: int) -> bytearray:
        pipe = _pipe(self._process, "stdout")
        taken, at = bytearray(size), 0
        view = memoryview(taken)
        while at < size:
            if not select.select([pipe], [], [], self._left())[0]:
                raise _Broken(f"decoding took more than {self._limits.seconds:g} s")
            count = os.readv(pipe, [view[at:]])
            if not count:
                raise _Broken("the worker ended while it was decoded")
            at += count
        return taken

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())


class DecodePool:
    """Several workers; their results come in the order of the files."""

    def __init__(self, workers: int = 2, limits: Limits = USUAL) -> None:
        self._workers = max(1, workers)
        self.sandboxes = [Sandbox(limits) for _ in range(self._workers)]
        self._idle: queue.LifoQueue[Sandbox] = queue.LifoQueue()
        for sandbox in self.sandboxes:
            self._idle.put(sandbox)
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="decode")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all workers; files still waiting are not decoded."""
        for sandbox in self.sandboxes:
            sandbox.close()
        self._threads.shutdown(cancel_futures=True)

    def read(self, item: Item) -> Pixels | ImageError:
        """One file: its pixels, or why there are none."""
        sandbox = self._idle.get()
        try:
            return sandbox.read(item)
        except ImageError as error:
            return error
        finally:
            self._idle.put(sandbox)

    def read_all(self, items: Iterable[Item]) -> Iterator[tuple[Item, Pixels | ImageError]]:
        """Each file with its result, in order; at most two files a worker are held at a time."""
        waiting: deque[tuple[Item, Future[Pixels | ImageError]]] = deque()
        for item in items:
            waiting.append((item, self._threads.submit(self.read, item)))
            if len(waiting) >= 2 * self._workers:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())


def _done(item: Item, read: "Future[Pixels | ImageError]") -> tuple[Item, Pixels | ImageError]:
    return item, read.result()


def read_untrusted(data: bytes, name: str = "the file", limits: Limits = USUAL) -> Pixels:
    """Pixels of bytes from anywhere, decoded in a worker of its own; ImageError if there are none.

    A fresh worker takes a third of a second to start: many files go through a `DecodePool`.
    """
    sandbox = Sandbox(limits)
    try:
        return sandbox.read(Item(data, name))
    finally:
        sandbox.close()


def _started(limits: Limits) -> "subprocess.Popen[bytes]":
    """A worker in a session of its own, so that Ctrl-C is the parent's affair."""
    figures = (str(limits.seconds), str(limits.memory_mb), str(limits.items))
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, *figures],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
        env=os.environ | _ONE_THREAD | {CONFINED: "1"},
    )
    os.set_blocking(_pipe(process, "stdin"), False)
    return process


def _pipe(process: "subprocess.Popen[bytes] | None", which: str) -> int:
    pipe = getattr(process, which)
    if pipe is None or pipe.closed:
        raise _Broken("the worker was closed")
    number: int = pipe.fileno()
    return number


def _cause(status: int) -> str:
    """What a wait status says, in words."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGPROF:
        return "decoding took more than a picture of its size may"
    if number in (signal.SIGXCPU, signal.SIGKILL):
        return "the worker used up its time or memory while it was decoded"
    if number:
        return f"the worker died of {signal.Signals(number).name} while it was decoded"
    return f"the worker ended with status {os.waitstatus_to_exitcode(status)} while it was decoded"
