"""What a training run is told: all of it in one TOML file."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from diascope.imaging.augment import Augmentation
from diascope.mixture import MixtureConfig
from diascope.values import Value


class Duration(Value):
    """A length of training, in exactly one unit."""

    steps: Annotated[int, Field(ge=1)] | None = None
    epochs: Annotated[float, Field(gt=0)] | None = None
    examples: Annotated[int, Field(ge=1)] | None = None
    percent: Annotated[float, Field(gt=0, le=100)] | None = None
    """Of the whole run."""

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of steps, epochs, examples, percent; got {given or 'none'}"
            )
        return self

    def in_steps(self, batch: int, num_cases: int, whole: int | None = None) -> int:
        """The number of optimiser steps, at least one; `whole` is what percent is of."""
        if self.steps is not None:
            return self.steps
        if self.percent is not None:
            if whole is None:
                raise ValueError("the duration of the run itself cannot be a percentage")
            return max(1, round(whole * self.percent / 100))
        examples = self.examples if self.examples is not None else (self.epochs or 0) * num_cases
        return max(1, round(examples / batch))


class ModelConfig(Value):
    """Which model, and which weights it starts from."""

    family: str = "tiny"
    path: str | None = None
    """Folder of the weights to start from; none means those that ship with the family."""
    scratch: bool = False
    """Start from random weights; only families that can make themselves allow it."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """What the weights are kept in."""


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


Decay = Annotated[float, Field(ge=0, lt=1)]


class OptimConfig(Value):
    """How the weights move."""

    name: Literal["adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 1e-3
    vision_scale: Annotated[float, Field(ge=0)] = 1.0
    """Share of the rate at which the vision tower moves; 0 leaves it as it is, at less cost."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """On matrices only; norms, biases and embeddings are left alone."""
    betas: tuple[Decay, Decay] = (0.9, 0.98)
    """adamw."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """sgd."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: Duration = Duration(percent=3.0)
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Norm that gradients are clipped to."""


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
    duration: Duration
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Examples a forward pass."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Forward passes an optimiser step."""
    autocast: bool = True
    """bfloat16 arithmetic where the processor has it; the weights stay as they are."""
    location_sigma: Annotated[float, Field(ge=0)] = 6.0
    """Width of the soft target over neighbouring location bins, in bins; 0 is a hard target."""
    optim: OptimConfig = OptimConfig()
    evaluation: EvalConfig = EvalConfig()
    checkpoint_every: Duration = Duration(percent=10.0)
    keep: Annotated[int, Field(ge=1)] = 2
    """Checkpoints kept beside the best ones."""

    @field_validator("duration")
    @classmethod
    def _of_the_whole(cls, duration: Duration) -> Duration:
        if duration.percent is not None:
            raise ValueError("a run cannot be a percentage of itself: give steps, epochs, examples")
        return duration

    @property
    def step_size(self) -> int:
        """Examples an optimiser step."""
        return self.batch_size * self.accumulate

    def resolve(self, path: str) -> Path:
        """A path of the configuration as the run uses it."""
        return Path(path).expanduser().resolve()
