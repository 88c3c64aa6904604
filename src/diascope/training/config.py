"""What a training run is told: all of it in one TOML file."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from diascope.imaging.augment import Augmentation
from diascope.mixture import MixtureConfig
from diascope.models.composition import Composition
from diascope.training.optimconfig import Duration, OptimConfig
from diascope.training.phases import Phase, Trained, everything
from diascope.training.supervision import LossConfig
from diascope.values import Value

__all__ = [
    "DataConfig",
    "Duration",
    "EvalConfig",
    "ModelConfig",
    "OptimConfig",
    "TrainConfig",
]


class ModelConfig(Value):
    """Which model, and which weights it starts from."""

    family: str = "tiny"
    path: str | None = None
    """Folder of the weights to start from; none means those that ship with the family."""
    scratch: bool = False
    """Start from random weights; only families that can make themselves allow it."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """What the weights are kept in."""
    compose: Composition | None = None
    """Of family `composed`: the parts that a new model is put together of."""

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.compose is not None and (self.family != "composed" or self.path is not None):
            raise ValueError("compose: goes with family `composed`, and without a path")
        return self


class DataConfig(Value):
    """What is learnt from, and in which proportions."""

    records: str
    """The record file, relative to the folder the command runs in."""
    split: str = "train"
    mixture: MixtureConfig = MixtureConfig()
    augmentation: Augmentation = Augmentation()
    """How pictures and answers are altered together at every look; nothing by default."""
    cache: str | None = None
    """Folder of canvases decoded once, shared by runs; none decodes in every run, into memory."""


class EvalConfig(Value):
    """How often the run looks at data that it does not learn from, and what it looks for."""

    split: str = "val"
    every: Duration = Duration(percent=25.0)
    limit: Annotated[int, Field(ge=1)] = 256
    """Cases the loss is measured on."""
    task: str | None = None
    """The task whose primary metric chooses a best checkpoint beside the loss; it is generated."""
    task_limit: Annotated[int, Field(ge=1)] = 64
    """Cases of that task."""


class TrainConfig(Value):
    """A whole run."""

    seed: Annotated[int, Field(ge=0)] = 0
    model: ModelConfig = ModelConfig()
    data: DataConfig
    duration: Duration | None = None
    """Of a run in one phase."""
    train: Trained = Field(default_factory=everything)
    """What moves in a run of one phase; a part that is not named does not."""
    phases: tuple[Phase, ...] = ()
    """Of a run in several."""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Examples a forward pass."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Forward passes an optimiser step."""
    autocast: bool = True
    """bfloat16 arithmetic where the processor has it; the weights stay as they are."""
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    evaluation: EvalConfig = EvalConfig()
    checkpoint_every: Duration = Duration(percent=10.0)
    keep: Annotated[int, Field(ge=1)] = 2
    """Checkpoints kept beside the best ones."""

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if (self.duration is None) == (not self.phases):
            raise ValueError("give a duration, or phases that have one each")
        if self.phases and self.train != everything():
            raise ValueError("train: say in each of the phases what moves")
        for duration in (self.duration, *(phase.duration for phase in self.phases)):
            if duration is not None and duration.percent is not None:
                raise ValueError(
                    "a run cannot be a percentage of itself: give steps, epochs, examples"
                )
        return self

    @property
    def plan(self) -> tuple[Phase, ...]:
        """The phases; a run without any is one."""
        if self.duration is None:
            return self.phases
        return (Phase(name="train", train=self.train, duration=self.duration),)

    def resolve(self, path: str) -> Path:
        """A path of the configuration as the run uses it."""
        return Path(path).expanduser().resolve()
