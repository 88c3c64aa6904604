"""Progress: few plain lines with the rate and the time left, a bar in a terminal."""

import io
import re
import sys

import pytest

from diascope.cli.progress import Lines, progress


def test_lines_are_few_and_tell_rate_and_time_left() -> None:
    written: list[str] = []
    ticks = iter(range(1000))
    lines = Lines("train", clock=lambda: float(next(ticks)), write=written.append)
    for done in range(31):
        lines(done * 4, 600)
    assert written == [
        "train: 40/600, 4.0/s, 2:20 left",
        "train: 80/600, 4.0/s, 2:10 left",
        "train: 120/600, 4.0/s, 2:00 left",
    ]


def test_a_resumed_run_is_not_credited_with_what_was_done_before() -> None:
    written: list[str] = []
    ticks = iter((0.0, 10.0))
    lines = Lines("train", clock=lambda: next(ticks), write=written.append)
    lines(100, 200)
    lines(110, 200)
    assert written == ["train: 110/200, 1.0/s, 1:30 left"]


def test_outside_a_terminal_it_writes_lines_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("score") as report:
        report(3, 3)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "score\nscore: done in 0 s\n"


@pytest.mark.parametrize("steps", [((1, 4), (4, 4)), ()])
def test_in_a_terminal_it_draws_a_bar_that_ends_full(
    monkeypatch: pytest.MonkeyPatch, steps: tuple[tuple[int, int], ...]
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("train") as report:
        for done, total in steps:
            report(done, total)
    last = re.findall(r"train .*?(\d+)/(\d+)", terminal.getvalue())[-1]
    assert last[0] == last[1]
