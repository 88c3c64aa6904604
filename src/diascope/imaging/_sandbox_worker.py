"""The far side of a sandbox: reads files from standard input and writes pixels to standard output.

    python -m diascope.imaging._sandbox_worker SECONDS MEMORY_MB ITEMS

The process that is started decodes nothing: it loads the decoders once and forks the child that
does, so that the next child after a death costs milliseconds and not the loading of a library.
"""

import os
import resource
import signal
import sys
import zlib

import numpy as np
from numpy.typing import NDArray

from diascope.geometry import CanvasMap
from diascope.imaging import decode
from diascope.imaging.sandbox import (
    CHECK,
    DIED,
    PIXELS,
    READY,
    REFUSED,
    REPLY,
    REQUEST,
    Item,
    processor_seconds,
)

_IN, _OUT = 0, 1


def main(seconds: float, memory_mb: int, items: int) -> None:
    """Forks one child after the other until there are no more files."""
    decode.load_decoders()
    _write(READY)
    while True:
        child = os.fork()
        if not child:
            _limit(seconds * items, memory_mb)
            served = _serve(items)
            os._exit(0 if served else 3)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3:
            return
        if status:
            _write(REPLY.pack(DIED, status, 0, 0))


def _serve(items: int) -> bool:
    """Decodes so many files; False where the input ended."""
    for _ in range(items):
        head = _read(REQUEST.size)
        if not head:
            return False
        name_size, map_size, size, frame = REQUEST.unpack(head)
        name = _read(name_size).decode(errors="replace")
        placed = CanvasMap.model_validate_json(_read(map_size)) if map_size else None
        _write(_reply(Item(_read(size), name, None if frame < 0 else frame, placed)))
    return True


def _reply(item: Item) -> bytes:
    try:
        pixels = np.ascontiguousarray(_decoded(item))
    except decode.ImageError as error:
        return _refusal(str(error))
    except MemoryError:
        return _refusal(
            f"{item.name}: it needs more memory than a picture may; store a smaller copy"
        )
    height, width, *channels = pixels.shape
    head = REPLY.pack(PIXELS, height, width, *(channels or [0]))
    body = pixels.tobytes()
    return head + body + CHECK.pack(zlib.crc32(body))


def _decoded(item: Item) -> NDArray[np.uint8]:
    """The pixels; the process is ended (SIGPROF) where it computes longer than they may take."""
    data, name, frame, placed = item
    signal.setitimer(signal.ITIMER_PROF, processor_seconds(0, len(data)))
    try:
        num_pixels = _num_pixels(data, name)
        signal.setitimer(signal.ITIMER_PROF, processor_seconds(num_pixels, len(data)))
        if placed is not None:
            return decode.decode_canvas(data, name, placed, frame)
        return decode.decode(data, name, frame)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _num_pixels(data: bytes, name: str) -> int:
    """As stored or as read, whichever are more; none where the header is no good."""
    try:
        header = decode.header_of(data, name)
    except decode.ImageError:
        return 0  # decoding says what is wrong with it
    return max(size.width * size.height for size in (header.size, header.stored))


def _refusal(why: str) -> bytes:
    message = why.encode(errors="replace")
    return REPLY.pack(REFUSED, len(message), 0, 0) + message + CHECK.pack(zlib.crc32(message))


def _limit(seconds: float, memory_mb: int) -> None:
    """Memory beyond what is there now, processor time, and no files or core dumps written."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        now = int(statm.read().split()[0]) * resource.getpagesize()
    most = now + (memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(size: int) -> bytes:
    """So many bytes, or nothing where the input ends."""
    parts, left = [], size
    while left:
        part = os.read(_IN, left)
        if not part:
            return b""
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(_OUT, view) :]


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
