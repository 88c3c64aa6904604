"""What one run of benchmarks.supervision leaves."""

from pathlib import Path
from typing import Any

from pydantic import Field

from diascope.predictions import Reading
from diascope.scoring.seeds import PatientSums
from diascope.values import Value

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "supervision"
IMPROVING = 0.01
"""An arm whose loss fell by more than this share at its last look is not at its end."""


class Arm(Value):
    """One way of learning numbers, and the ways of reading them that are compared."""

    name: str
    loss: dict[str, float | str | bool] = Field(default_factory=dict)
    readings: tuple[Reading, ...]


class Point(Value):
    """The loss of the tuning patients after some steps."""

    step: int
    loss: float


class Result(Value):
    """One arm under one seed."""

    arm: str
    seed: int
    loss: dict[str, float | str | bool] = Field(default_factory=dict)
    config: dict[str, Any]
    """What all arms were told."""
    points: tuple[Point, ...] = ()
    read: dict[Reading, tuple[PatientSums, ...]]
    """The errors of the validation patients, by where numbers were read."""
    answer_seconds: dict[Reading, float] = Field(default_factory=dict)
    """CPU time."""
    train_seconds: float | None = None
    records_sha256: str
    versions: dict[str, str]
    commit: str | None = None

    @property
    def is_improving(self) -> bool:
        """Whether more steps would have helped, by the last two looks."""
        if len(self.points) < 2:
            return False
        before, last = self.points[-2:]
        return last.loss < (1 - IMPROVING) * before.loss
