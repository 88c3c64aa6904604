"""diascope show RUN: what became of each task, and what rang."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diascope.cli.runview import logged, task_rows, wall_time, watched

Run = Callable[..., tuple[int, str, str]]

REPLIES = {
    "n": 16,
    "invalid": 1,
    "metric": "mae",
    "value": 3.25,
    "baseline": 4.5,
    "way": 0.2778,
    "distinct": 3,
    "alike": 14,
    "true_alike": 2,
}
ALARM = {"task": "counting", "kind": "collapses", "about": "14 of 16 replies are the same"}


def val(loss: float, **more: object) -> dict[str, object]:
    return {"n": 25, "loss": loss, "accuracy": 0.5, "entropy": 0.75} | more


def learnt(step: int, loss: float, **more: object) -> dict[str, Any]:
    tasks = {"counting": {"n": 2, "loss": loss, "accuracy": 0.1, "entropy": 1.0}}
    return {"step": step, "loss": loss, "tasks": tasks} | more


LINES = [
    learnt(1, 4.0, gradients={"counting": 2.5}),
    learnt(2, 2.0, val={"counting": val(1.5), "vqa": val(0.5)}, best=["loss", "counting"]),
    learnt(3, 1.0),
    learnt(
        4,
        0.5,
        val={"counting": val(1.75, replies=REPLIES), "vqa": val(0.25)},
        best=["vqa"],
        alarms=[ALARM],
        val_loss=1.0,
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    told = 'duration = { steps = 4 }\n[data]\nrecords = "x"\n[evaluation]\nbudget = 0.1\n'
    (tmp_path / "config.toml").write_text(told)
    text = "".join(f"{json.dumps(line)}\n" for line in LINES)
    (tmp_path / "metrics.jsonl").write_text(text + '{"step": 5, "lo')
    return tmp_path


def timed(folder: Path, looked: float) -> Path:
    look = folder / "looks" / "step-00000004"
    look.mkdir(parents=True)
    (look / "time.json").write_text(json.dumps({"looked": looked, "learnt": 100 - looked}))
    return folder


def test_a_task_is_shown_as_the_last_look_saw_it(folder: Path) -> None:
    counting, vqa = task_rows(logged(folder))
    learnt_since = "0.75"
    worth = ["mae 3.25", "4.5", "0.2778", "1", "14 of 16"]
    assert counting == ["counting", learnt_since, "1.75", "0.5", "0.75", "2.5", *worth, "2"]
    assert vqa == ["vqa", "", "0.25", "0.5", "0.75", "", *[""] * 5, "4"]


def test_a_run_shows_its_tasks_its_alarms_and_the_end_of_its_log(run: Run, folder: Path) -> None:
    code, out, _ = run("show", timed(folder, 4.0), "-n", 1)
    assert code == 0
    assert "ALARM, step 4: counting collapses: 14 of 16 replies are the same" in out
    assert "looking took 4.0% of the wall time, 4 s; budget 10%" in out
    assert "over budget" not in out
    assert "mae 3.25" in out
    assert "step-00000004" in out
    assert "val_loss" in out
    assert "{" not in out.partition("budget = 0.1")[2]


def test_a_run_that_looks_too_much_is_told_so(folder: Path) -> None:
    assert any("over budget" in line for line in wall_time(timed(folder, 40.0)))
    assert not list(wall_time(folder / "nowhere"))


def test_alarms_ring_on_standard_error_while_a_run_learns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[tuple[int, int]] = []
    tell = watched(lambda done, total: seen.append((done, total)))
    for line in LINES:
        tell(line["step"], 4, line)
    told = capsys.readouterr()
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert told.out == ""
    assert told.err == "ALARM, step 4: counting collapses: 14 of 16 replies are the same\n"
