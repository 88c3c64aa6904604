"""Shards in processes of this machine, each of which examines one after the other.

A process that dies, whatever killed it, is replaced, and its shard is begun again.
"""

import select
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from diascope.curation._shards.work import LOG, TRIES, Work
from diascope.errors import InputError

COMMAND = (sys.executable, "-m", "diascope.curation._shards.worker")


def run(work: Work, numbers: Sequence[int], workers: int) -> Iterator[int]:
    """Examine the shards; each number comes when its shard is finished.

    InputError for a shard that no process lives through.
    """
    waiting, died = deque(numbers), Counter[int]()
    idle = [_Worker(work.folder) for _ in range(min(workers, len(numbers)))]
    busy: list[_Worker] = []
    try:
        while waiting or busy:
            while waiting and idle:
                busy.append(idle.pop())
                busy[-1].begin(waiting.popleft())
            for worker in select.select(busy, [], [])[0]:
                busy.remove(worker)
                idle.append(worker)
                if worker.has_finished():
                    yield worker.number
                    continue
                waiting.appendleft(worker.number)
                _count(died, worker.number, work.folder / LOG)
                worker.restart()
    finally:
        for worker in (*busy, *idle):
            worker.close()


def _count(died: "Counter[int]", number: int, log: Path) -> None:
    """One more process has died of a shard."""
    died[number] += 1
    if died[number] == TRIES:
        raise InputError(
            f"shard {number}: {TRIES} processes died of it one after the other; {log} has what "
            "they said, and one killed for want of memory says nothing: run it with fewer workers"
        )


class _Worker:
    """A process that is told a number, and answers with it once that shard is finished."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.number = -1
        """Of the shard that it was last given."""
        self._process = _started(folder)

    def restart(self) -> None:
        """A new process, in place of one that has died."""
        self.close()
        self._process = _started(self._folder)

    def fileno(self) -> int:
        """What can be waited for: there is something to read once it has answered, or died."""
        return self._process.stdout.fileno() if self._process.stdout else -1

    def begin(self, number: int) -> None:
        """Give it a shard; it may be dead, which its answer tells."""
        self.number = number
        with suppress(BrokenPipeError):
            if self._process.stdin:
                self._process.stdin.write(b"%d\n" % number)

    def has_finished(self) -> bool:
        """Whether it has answered; False where it has died."""
        answer = self._process.stdout.readline() if self._process.stdout else b""
        return answer == b"%d\n" % self.number

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        with self._process:
            pass


def _started(folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / LOG / "local").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [*COMMAND, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
        )
