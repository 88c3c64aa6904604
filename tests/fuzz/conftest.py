"""Damage by chance, the same in every run, and bounds on what one damaged input may cost.

`DIASCOPE_FUZZ` is the number of inputs for each decoder and each source; without it each test says
its own. An input is drawn from its test's name and its number alone.
"""

import os
import re
import resource
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

import pytest

EXTREMES = (0, 1, -1, 0x7F, 0x7FFF, 65535, 0x7FFFFFFF, -0x80000000, 0xFFFFFFFE)
TOKEN = re.compile(r'"[^"\n]*"|-?\d+(?:\.\d+)?|[^\W\d]+|[^\w\s]')
TOKENS = (
    "",
    "0",
    "-1",
    "65535",
    "2147483647",
    "1e999",
    "-1e308",
    "nan",
    "0.5",
    "9" * 5000,
    "x" * 5000,
    '"x"',
    "null",
    "true",
    "[]",
    "{}",
    "[[[[0]]]]",
    '"../../etc/passwd"',
    "/etc/passwd",
    "\\u0000",
    "\0",
    "\ud7ff\u202e",
    ",",
    '"',
    "\n",
    "\r",
    "<!--",
    "&a;",
)
HEADER = 600


def flipped(data: bytearray, rng: Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 3, 10))):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)
    return data


def replaced(data: bytearray, rng: Random) -> bytearray:
    start, size = _place(data, rng), rng.choice((1, 2, 4, 16, 64))
    filling = rng.choice((rng.randbytes(size), bytes(size), b"\xff" * size))
    data[start : start + size] = filling[: len(data) - start]
    return data


def with_integer(data: bytearray, rng: Random) -> bytearray:
    """An extreme number in place of 2 or 4 bytes, in either byte order."""
    size, order = rng.choice((2, 4)), rng.choice("<>")
    whole = rng.choice(EXTREMES) & (1 << 8 * size) - 1
    start = min(_place(data, rng), max(0, len(data) - size))
    data[start : start + size] = struct.pack(f"{order}{'H' if size == 2 else 'I'}", whole)
    return data


def truncated(data: bytearray, rng: Random) -> bytearray:
    return data[: _place(data, rng)]


def without(data: bytearray, rng: Random) -> bytearray:
    start = _place(data, rng)
    del data[start : start + rng.choice((1, 2, 8, 100))]
    return data


def repeated(data: bytearray, rng: Random) -> bytearray:
    start, size = _place(data, rng), rng.choice((1, 4, 12, 100, 1000))
    return data[: start + size] + data[start : start + size] * rng.choice((1, 1, 30)) + data[start:]


def inserted(data: bytearray, rng: Random) -> bytearray:
    start = _place(data, rng)
    return data[:start] + rng.randbytes(rng.choice((1, 2, 16, 300))) + data[start:]


DAMAGE = (flipped, replaced, replaced, with_integer, with_integer, truncated, without)
DAMAGE = (*DAMAGE, repeated, inserted)


def _place(data: bytearray, rng: Random) -> int:
    """An index, half the time of the header."""
    return rng.randrange(min(len(data), HEADER) if rng.random() < 0.5 else len(data))


def damaged(data: bytes, rng: Random) -> bytes:
    """The bytes with one or a few faults."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        found = rng.choice(DAMAGE)(found, rng) if found else found
    return bytes(found)


def reworded(text: str, rng: Random) -> str:
    """A text with some of its numbers, words and strings exchanged for others, or for extremes."""
    spans = [match.span() for match in TOKEN.finditer(text)]
    chosen = rng.sample(spans, min(len(spans), rng.choice((1, 1, 1, 2, 5))))
    for start, end in sorted(chosen, reverse=True):
        other = text[slice(*rng.choice(spans))]
        text = text[:start] + rng.choice((*TOKENS, other, other, other)) + text[end:]
    return text


@pytest.fixture(scope="session")
def damage() -> Callable[[bytes, Random], bytes]:
    return damaged


@pytest.fixture(scope="session")
def reword() -> Callable[[str, Random], str]:
    return reworded


@pytest.fixture(scope="session")
def inputs() -> Callable[[str, int], Iterator[tuple[int, Random]]]:
    """Number and randomness of each input of the test of a name."""

    def of(name: str, usual: int) -> Iterator[tuple[int, Random]]:
        count = int(os.environ.get("DIASCOPE_FUZZ", usual))
        return ((number, Random(f"{name} {number}")) for number in range(count))

    return of


class Late(BaseException):
    """Took too long; no reader may catch it as damage."""


@contextmanager
def limited(seconds: float = 20, memory_mb: int = 2048) -> Iterator[None]:
    usual = signal.signal(signal.SIGALRM, _late)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + (memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _late(*_: object) -> None:
    raise Late


@pytest.fixture(scope="session")
def bounded() -> Callable[..., AbstractContextManager[None]]:
    """What runs inside is broken off after 20 s, and gets no more than 2 GB of memory."""
    return limited
