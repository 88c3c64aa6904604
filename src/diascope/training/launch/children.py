"""Processes that this one starts and waits for; what asks it to stop asks them."""

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from diascope.training.stopping import REQUEUE, SIGNALS

_GRACE_SECONDS = 30.0
"""For the others to leave by themselves once one has."""
_SECONDS_BETWEEN_LOOKS = 0.05


class Child(NamedTuple):
    """A command and its environment."""

    words: Sequence[str]
    environment: Mapping[str, str]


def run(children: Sequence[Child]) -> int:
    """Start all, and wait for all; returns the first exit code that is not 0, or 0.

    Where one fails the others are ended, as they would wait for it for ever. SIGTERM and SIGUSR1
    are handed on as SIGTERM, and a run that leaves for them has the code 85 whoever it was told by.
    """
    running = [
        subprocess.Popen(child.words, env=dict(child.environment))  # noqa: S603 - our own command
        for child in children
    ]
    try:
        with _handing_on(running) as told:
            code = _first_failure(running)
    finally:
        for process in running:
            process.kill()
            process.wait()
    return REQUEUE if code and told else code


def _first_failure(running: Sequence["subprocess.Popen[bytes]"]) -> int:
    codes = [process.poll() for process in running]
    while None in codes and not any(codes):
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        codes = [process.poll() for process in running]
    failed = next((code for code in codes if code), 0)
    if failed:
        _wait(running, time.monotonic() + _GRACE_SECONDS)
    return 128 - failed if failed < 0 else failed


def _wait(running: Sequence["subprocess.Popen[bytes]"], end: float) -> None:
    while any(process.poll() is None for process in running) and time.monotonic() < end:
        time.sleep(_SECONDS_BETWEEN_LOOKS)


@contextmanager
def _handing_on(running: Sequence["subprocess.Popen[bytes]"]) -> Iterator[list[int]]:
    """Signals go to the processes; yields those that came."""
    told: list[int] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        for process in running:
            process.send_signal(signal.SIGTERM)

    before = {each: signal.signal(each, hand_on) for each in SIGNALS}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
