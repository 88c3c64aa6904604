"""Progress with its rate and the time left: a bar in a terminal, plain lines anywhere else.

Both write to standard error, so that standard output holds results alone.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Report = Callable[[int, int], None]
_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress(description: str) -> Iterator[Report]:
    """A function to call with (done, total) whenever there is something new to show."""
    with _bar(description) if sys.stderr.isatty() else _lines(description) as report:
        yield report


@contextmanager
def _bar(description: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    name = TextColumn("{task.description}")
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    columns = (name, BarColumn(), MofNCompleteColumn(), Rate(), *times)
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
        total = bar.tasks[0].total or 1
        bar.update(task, completed=total, total=total)


@contextmanager
def _lines(description: str) -> Iterator[Report]:
    began = time.monotonic()
    _write(description)
    yield Lines(description)
    _write(f"{description}: done in {time.monotonic() - began:.0f} s")


def _write(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class Lines:
    """A line every ten seconds: how much is done, how fast, and how long the rest will take."""

    description: str
    clock: Callable[[], float] = time.monotonic
    write: Callable[[str], None] = field(default=_write)
    _began: float | None = None
    _first: int = 0
    _last: float = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Show, when it is time, that `done` of `total` are done."""
        now = self.clock()
        if self._began is None:
            self._began, self._first, self._last = now, done, now
        elif now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            rate = (done - self._first) / (now - self._began)
            self.write(f"{self.description}: {done}/{total}{_rest(total - done, rate)}")


def _rest(left: int, rate: float) -> str:
    """The rate, and the time that what is left takes at it."""
    if rate <= 0:
        return ""
    minutes, seconds = divmod(round(left / rate), 60)
    return f", {rate:.1f}/s, {minutes}:{seconds:02d} left"
