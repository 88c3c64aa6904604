"""A study as data: a question, a recipe, and arms that differ from it by overrides."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from diascope.configuration import load
from diascope.scoring.seeds import PatientSums
from diascope.values import Value

STUDIES = Path(__file__).parent / "studies"
IMPROVING = 0.01
"""An arm whose loss fell by more than this share at its last evaluation is not at its end."""


class Arm(Value):
    """One way of doing it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_.-]+$")]
    overrides: tuple[str, ...] = ()
    """`key=value` on top of the study's."""
    records: str | None = None
    """The record file that it learns from, of the benchmark's; None is the study's."""
    asked: str | None = None
    """The record file whose test split it answers; None is the one that it learns from."""
    score: tuple[str, ...] = ()
    """The tasks that it answers; none means the study's."""
    run: str | None = None
    """An arm whose runs it asks instead of training its own."""


class Study(Value):
    """One question."""

    question: str
    about: str
    """What stands for what, and what it cannot tell."""
    recipe: str
    """A shipped recipe, by its name."""
    records: str
    overrides: tuple[str, ...] = ()
    """`key=value`, for all arms alike: how long they learn among them."""
    score: tuple[str, ...]
    """Tasks."""
    limit: Annotated[int, Field(ge=1)] = 100
    """Cases of each task that are asked."""
    by_dataset: bool = False
    """Whether every data set of the records that are asked has a row of its own."""
    seeds: Annotated[int, Field(ge=1)] = 3
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    """The first is what the others are compared with."""

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    def tasks(self, arm: Arm) -> tuple[str, ...]:
        """What an arm answers."""
        return arm.score or self.score

    def learns_from(self, arm: Arm) -> str:
        """The record file of an arm's training."""
        return arm.records or self.records

    def asks(self, arm: Arm) -> str:
        """The record file that an arm answers."""
        return arm.asked or self.learns_from(arm)


class Point(Value):
    """The loss of validation cases after some steps."""

    step: int
    loss: float


class Result(Value):
    """One run of one arm, scored at its best validation point."""

    study: str
    arm: str
    seed: int
    config: dict[str, Any]
    """What the run was told; paths are left out."""
    num_examples: int
    points: tuple[Point, ...]
    scores: dict[str, float | None]
    """The primary metric of each group of cases."""
    sums: tuple[PatientSums, ...]
    cpu_seconds: float
    """Of training and answering."""
    records_sha256: str
    versions: dict[str, str]
    commit: str | None

    @property
    def best(self) -> Point:
        """The point whose weights were scored."""
        return min(self.points, key=lambda point: point.loss)

    @property
    def is_improving(self) -> bool:
        """Whether more steps would have helped, by the last two evaluations."""
        if len(self.points) < 2:
            return True
        before, last = self.points[-2:]
        return last.loss < (1 - IMPROVING) * before.loss


def study_names() -> list[str]:
    """All studies, the most important first."""
    return sorted(path.stem for path in STUDIES.glob("*.toml"))


def read_study(name: str) -> Study:
    """A study by its name."""
    return load(STUDIES / f"{name}.toml", [], Study)
