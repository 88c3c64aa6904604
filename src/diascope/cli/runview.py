"""A run in the terminal: what it was told, what became of each task, and the end of its log."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diascope.cli.options import print_rows
from diascope.cli.progress import Report

Line = Mapping[str, Any]

HEADINGS = (
    "task",
    "training loss",
    "validation loss",
    "tokens right",
    "entropy",
    "gradient",
    "replies",
    "baseline",
    "way",
    "invalid",
    "alike",
    "best at step",
)


def show_run(path: Path, number: int) -> None:
    """What the run was told, its tasks at the last look, and the end of what it logged."""
    print((path / "config.toml").read_text(encoding="utf-8"))
    lines = logged(path)
    looks = [line for line in lines if "val" in line]
    if looks:
        print_rows(HEADINGS, task_rows(lines))
        print(*about(path, looks), sep="\n")
    rows = [{name: value for name, value in line.items() if _fits(value)} for line in lines]
    ends = rows[max(0, len(rows) - number) :]
    names = list(dict.fromkeys(name for row in ends for name in row))
    print_rows(names, [[short(row.get(name)) for name in names] for row in ends])


def logged(path: Path) -> list[Line]:
    """The whole lines of a run's metrics; a run that was killed may have cut its last one."""
    metrics = path / "metrics.jsonl"
    text = metrics.read_text(encoding="utf-8") if metrics.is_file() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def task_rows(lines: Sequence[Line]) -> list[list[str]]:
    """A row a task, as the last look saw it."""
    from diascope.training._controller.history import History

    history, best, pulls = History(), dict[str, int](), dict[str, float]()
    for line in lines:
        history.add(line)
        best |= dict.fromkeys(line.get("best", ()), line["step"])
        pulls |= line.get("gradients", {})
    last = next(line for line in reversed(lines) if "val" in line)
    learnt = history.looks[-1].train
    return [
        [task, *map(short, _cells(each, learnt.get(task), pulls.get(task), best.get(task)))]
        for task, each in last["val"].items()
    ]


def _cells(each: Line, learnt: float | None, pull: float | None, best: int | None) -> list[object]:
    measured = [each[name] for name in ("loss", "accuracy", "entropy")]
    reply = each.get("replies")
    if reply is None:
        return [learnt, *measured, pull, *[None] * 5, best]
    worth = f"{reply['metric']} {short(reply['value'])}"
    alike = f"{reply['alike']} of {reply['n']}"
    told = [reply[name] for name in ("baseline", "way", "invalid")]
    return [learnt, *measured, pull, worth, *told, alike, best]


def about(path: Path, looks: Sequence[Line]) -> Iterator[str]:
    """The alarms of the last look, where its pictures are, and what looking took."""
    yield from alarms(looks[-1]) or ["no alarm at the last look"]
    rung = sum(len(line.get("alarms", ())) for line in looks[:-1])
    if rung:
        yield f"{rung} alarms at looks before it, all of them in metrics.jsonl"
    folder = path / "looks" / f"step-{looks[-1]['step']:08d}"
    if folder.is_dir():
        yield f"replies and pictures: {folder}"
    yield from wall_time(path)


def watched(report: Report) -> Callable[[int, int, Line], None]:
    """Progress of a run, and its alarms on standard error as soon as they ring."""

    def tell(done: int, total: int, line: Line) -> None:
        report(done, total)
        for alarm in alarms(line):
            print(alarm, file=sys.stderr)

    return tell


def alarms(line: Line) -> list[str]:
    """The alarms that a line of metrics holds."""
    return [
        f"ALARM, step {line['step']}: {each['task']} {each['kind']}: {each['about']}"
        for each in line.get("alarms", ())
    ]


def wall_time(path: Path) -> Iterator[str]:
    """What looking took of a run's wall time, beside the budget that it was planned for."""
    from diascope.configuration import load
    from diascope.training._controller.looks import Looks
    from diascope.training.config import TrainConfig

    time = Looks(path / "looks").time()
    if time.looked == 0:
        return
    share = time.looked / (time.looked + time.learnt)
    budget = load(path / "config.toml", [], TrainConfig).evaluation.budget
    yield f"looking took {share:.1%} of the wall time, {time.looked:.0f} s; budget {budget:.0%}"
    if share > budget:
        yield "over budget: look less often (evaluation.every), at fewer cases or replies"


def short(value: object) -> str:
    """A cell of a table."""
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _fits(value: object) -> bool:
    """Whether it is one cell of a table."""
    return isinstance(value, int | float | str)
