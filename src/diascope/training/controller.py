"""The multi-task controller: what a run watches of each task, which weights it keeps, and alarms.

At every look: losses, token accuracy and entropy of answers on cases that are not learnt from;
replies to a probe of each task, measured beside the trivial baseline; pictures of some. Between
looks: the norm of each task's gradient. What it finds goes into metrics.jsonl, and decides nothing
but which weights are the best.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diascope.answers import Boxes, Masks
from diascope.predictions import Prediction
from diascope.records import Case
from diascope.training._controller.alarms import Alarm, collapses, overfits
from diascope.training._controller.asking import replies_to
from diascope.training._controller.budget import ENOUGH, Plan
from diascope.training._controller.gradients import gradient_norms
from diascope.training._controller.history import History
from diascope.training._controller.looks import Looks, Time
from diascope.training._controller.probe import in_turn
from diascope.training._controller.replies import Asked, Worth
from diascope.training._controller.tally import rounded
from diascope.training.evalconfig import EvalConfig
from diascope.training.evaluation import Evaluation, Measured

Picture = Callable[[Case, Prediction, Path, Path], None]
"""Draws a reply; called with the case, the reply, the root of image paths, and the PNG to write."""


def undrawn(_case: Case, _reply: Prediction, _root: Path, _out: Path) -> None:
    """Draws nothing."""


class Look(NamedTuple):
    """What the run has found out about itself."""

    measures: dict[str, float]
    """What weights are compared by: the loss, each task, and the mix."""
    logged: dict[str, Any]
    """For the line of metrics."""


@dataclass
class Controller:
    """What is watched of a run, and what has been seen of it."""

    config: EvalConfig
    evaluation: Evaluation
    probes: Mapping[str, Asked]
    pulls: Mapping[str, Sequence[Case]]
    """Training cases of each task whose gradients are measured."""
    plan: Plan
    looks: Looks
    picture: Picture = undrawn
    history: History = field(default_factory=History)
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _spent: float = 0.0
    """Seconds on gradients since the last look."""

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def has_cases(self) -> bool:
        """Whether there is anything to look at."""
        return len(self.evaluation.cases) > 0

    def gradients(self, weights: Sequence[Tensor], cast: torch.autocast) -> dict[str, Any]:
        """The norm of each task's gradient over the weights, for the line of metrics.

        It stands between two steps, and leaves no gradient behind.
        """
        if not self.pulls:
            return {}
        began, at = self.clock(), self.evaluation
        norms = gradient_norms(at.model, at.feed, at.loss, self.pulls, weights, cast)
        self._spent += self.clock() - began
        return {"gradients": norms}

    @contextmanager
    def watching(self, step: int) -> Iterator[None]:
        """Around all that a look does: keeps what it took of the wall time."""
        began = self.clock()
        yield
        looked = self.clock() - began + self._spent
        self.looks.write_time(step, Time(looked, self.clock() - self._began - looked))
        self._began, self._spent = self.clock(), 0.0

    def look(self, step: int) -> Look:
        """Measure everything that is watched, and keep what was seen in the run's folder."""
        measured = self.evaluation.measure()
        cases = [case for asked in self.probes.values() for case in asked.cases]
        replies = replies_to(self.evaluation.model, cases, self.evaluation.feed.canvases)
        folder = self.looks.write(step, measured.losses, replies)
        self._draw(folder, dict(zip(cases, replies, strict=True)))
        worth = self._worth(replies)
        measures = self._measures(measured, worth)
        return Look(measures, self._logged(measured, worth, measures))

    def improved(self, measures: Mapping[str, float], best: Mapping[str, float]) -> list[str]:
        """The measures that are better than they ever were; what is no number never is."""
        return [
            name
            for name, value in measures.items()
            if (name not in best and not math.isnan(value))
            or self._better(name, value, best.get(name, math.nan))
        ]

    def note(self, line: dict[str, Any]) -> dict[str, Any]:
        """Remember a line of metrics; returns the alarms that it rings, for the same line."""
        self.history.add(line)
        alarms = self._alarms(line["val"]) if "val" in line else []
        return {"alarms": [alarm._asdict() for alarm in alarms]} if alarms else {}

    def _alarms(self, val: Mapping[str, Any]) -> list[Alarm]:
        rung = [self._overfits(task) for task in val]
        rung += [
            collapses(task, Worth(**each["replies"]))
            for task, each in val.items()
            if "replies" in each
        ]
        return [alarm for alarm in rung if alarm is not None]

    def _overfits(self, task: str) -> Alarm | None:
        every = self.evaluation.every
        own = [number for number, case in enumerate(every) if case.turn.task == task]

        def losses(step: int) -> Sequence[float] | None:
            known = self.looks.losses(step)
            return None if known is None else [known[number] for number in own]

        patients = [every[number].record.patient for number in own]
        return overfits(task, self.history.looks, losses, patients)

    def _worth(self, replies: Sequence[Prediction]) -> dict[str, Worth]:
        left = iter(replies)
        return {
            task: asked.worth([next(left) for _ in asked.cases])
            for task, asked in self.probes.items()
        }

    def _measures(self, measured: Measured, worth: Mapping[str, Worth]) -> dict[str, float]:
        """A task counts by its metric where enough replies tell it, and else by its loss."""
        measures = {"loss": measured.loss}
        for task, means in measured.tasks.items():
            value = worth[task].value if self._by_metric(task) else means.loss
            measures[task] = math.nan if value is None else value
        mixed = self._mix(worth)
        return measures if mixed is None else measures | {"mix": mixed}

    def _mix(self, worth: Mapping[str, Worth]) -> float | None:
        """The weighted mean of the ways, one that is not defined counting as none.

        Where no mix was declared, all tasks weigh alike of which there are replies enough.
        """
        told = [task for task, each in worth.items() if each.n >= ENOUGH]
        weights = self.config.mix or dict.fromkeys(told if len(told) > 1 else (), 1.0)
        ways = sum(weight * (worth[task].way or 0.0) for task, weight in weights.items())
        return rounded(ways / sum(weights.values())) if weights else None

    def _by_metric(self, task: str) -> bool:
        asked = len(self.probes[task].cases) if task in self.probes else 0
        return asked >= ENOUGH or task in (self.config.task, *self.config.mix)

    def _better(self, name: str, value: float, best: float) -> bool:
        rising = name == "mix" or (
            self._by_metric(name) and self.probes[name].task.higher_is_better
        )
        return value > best if rising else value < best

    def _logged(
        self, measured: Measured, worth: Mapping[str, Worth], measures: Mapping[str, float]
    ) -> dict[str, Any]:
        chosen = [name for name in ("loss", self.config.task, "mix") if name in measures]
        val: dict[str, Any] = {task: each._asdict() for task, each in measured.tasks.items()}
        for task, each in worth.items():
            val[task] |= {"replies": each._asdict()}
        return {f"val_{name}": measures[str(name)] for name in chosen} | {"val": val}

    def _draw(self, folder: Path, replies: Mapping[Case, Prediction]) -> None:
        """One of each task, those first that point at something."""
        by_task: dict[str, list[Case]] = {}
        for case in sorted(replies, key=_points_nowhere):
            if self.config.draw_restricted or not case.record.restricted:
                by_task.setdefault(case.turn.task, []).append(case)
        root = self.evaluation.feed.canvases.root
        for number, case in enumerate(in_turn(by_task.values(), self.plan.pictures), start=1):
            out = folder / f"{number}-{case.turn.task}.png"
            self.picture(case, replies[case], root, out)


def _points_nowhere(case: Case) -> bool:
    places = case.truth
    return not (
        (isinstance(places, Boxes) and places.boxes) or (isinstance(places, Masks) and places.masks)
    )
