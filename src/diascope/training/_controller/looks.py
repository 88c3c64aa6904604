"""What each look leaves in a run's folder beside its line of metrics.

looks/plan.json                how much is looked at
looks/step-00000500/
  losses.json                  the validation loss of every case
  predictions.jsonl            the replies to the probe
  1-detection.png, ...         some of them drawn
  time.json                    what the look took, and how long the run had learnt before it
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from diascope.predictionfile import write_atomically
from diascope.predictions import Prediction
from diascope.training._controller.budget import Plan

_PLAN, _LOSSES, _PREDICTIONS, _TIME = "plan.json", "losses.json", "predictions.jsonl", "time.json"


class Time(NamedTuple):
    """Of one look, in seconds of wall time."""

    looked: float
    """Losses, replies, pictures and best weights; gradients since the look before."""
    learnt: float
    """All else since the look before, or since the run was last started."""


@dataclass(frozen=True)
class Looks:
    """The looks of one run; those that are run again are written again, and say the same."""

    folder: Path

    def at(self, step: int) -> Path:
        """The folder of the look after so many steps."""
        return self.folder / f"step-{step:08d}"

    def write_plan(self, plan: Plan) -> None:
        """Tell how much is looked at."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / _PLAN, plan._asdict())

    def write(self, step: int, losses: Sequence[float], replies: Sequence[Prediction]) -> Path:
        """Keep what a look saw; returns its folder."""
        folder = self.at(step)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / _LOSSES, losses)
        lines = (f"{reply.model_dump_json(exclude_none=True)}\n" for reply in replies)
        write_atomically(folder / _PREDICTIONS, "".join(lines))
        return folder

    def write_time(self, step: int, time: Time) -> None:
        """Keep what a look took."""
        _write(self.at(step) / _TIME, time._asdict())

    def losses(self, step: int) -> Sequence[float] | None:
        """The losses that a look saw; None where somebody has removed them."""
        losses: Sequence[float] | None = _read(self.at(step) / _LOSSES)
        return losses

    def plan(self) -> Plan | None:
        """What was planned; None before the run has begun."""
        told = _read(self.folder / _PLAN)
        return None if told is None else Plan(**told)

    def time(self) -> Time:
        """Of all looks together."""
        times = list(self._times())
        return Time(sum(each.looked for each in times), sum(each.learnt for each in times))

    def _times(self) -> Iterator[Time]:
        for path in sorted(self.folder.glob(f"step-*/{_TIME}")):
            told = _read(path)
            if told is not None:
                yield Time(**told)


def _write(path: Path, value: Any) -> None:
    write_atomically(path, json.dumps(value) + "\n")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
