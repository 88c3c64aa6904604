"""Being asked to stop: SIGTERM and SIGUSR1, as schedulers send them before they take a node.

The run then writes a checkpoint behind the step that it is in, and leaves with a code that says
"start me again": 85, which the scripts of the launchers hand on.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

REQUEUE = 85
"""The exit code of a run that was asked to stop and wants to go on later."""
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


@dataclass
class Stop:
    """Whether this process has been asked to stop."""

    asked: bool = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        """A handler of signals."""
        self.asked = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While a run goes on; only the main thread of a program can be told of signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.ask) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
