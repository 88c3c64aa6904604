import os
import signal
import threading

import pytest

from diascope.training.stopping import SIGNALS, Stop


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_asks_and_its_handler_goes(number: int) -> None:
    stop, before = Stop(), signal.getsignal(number)
    with stop.listening():
        assert not stop.asked
        os.kill(os.getpid(), number)
        assert stop.asked
    assert signal.getsignal(number) is before


def test_beside_the_main_thread_nothing_is_listened_for() -> None:
    before = signal.getsignal(signal.SIGTERM)
    found = []

    def listen() -> None:
        with Stop().listening():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert found == [before]
