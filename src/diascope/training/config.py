"""What a training run is told: all of it in one TOML file."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from diascope.codecs.dialect import Dialect
from diascope.geometry import Fit
from diascope.imaging.augment import Augmentation
from diascope.mixture import MixtureConfig
from diascope.models.composition import Composition
from diascope.training.evalconfig import EvalConfig
from diascope.training.memoryconfig import MemoryConfig
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
    dialect: Dialect | None = None
    """How it spells geometry; none is as the weights were taught, or as the family does."""
    fit: Fit | None = None
    """How pictures are laid on its canvas; none as above."""
    quantise: Literal["nf4", "int8"] | None = None
    """Hold the language model's matrices in 4 or 8 bits while low-rank updates are learnt beside
    them (QLoRA); needs bitsandbytes."""

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
    together: Annotated[int, Field(ge=1, le=64)] = 1
    """Questions of a group about one picture that are drawn one behind the other, at most."""


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
    sharded: bool = False
    """Whether several processes share the weights out among them, for a model too large for one;
    else each holds all of them. What is learnt is the same."""
    autocast: bool = True
    """bfloat16 arithmetic where the processor has it; the weights stay as they are."""
    memory: MemoryConfig = MemoryConfig()
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    evaluation: EvalConfig = EvalConfig()
    checkpoint_every: Duration = Duration(percent=10.0)
    keep: Annotated[int, Field(ge=1)] = 2
    """Checkpoints kept beside the best ones."""

    @model_validator(mode="after")
    def _rounded_stays(self) -> Self:
        if self.model.quantise is None:
            return self
        moves = (item for phase in self.plan for item in phase.moves.items())
        how = [each.lora for part, each in moves if part in ("language", "attention")]
        if self.model.path is None or not how or None in how:
            raise ValueError(
                "model.quantise: what is held in few bits does not move itself; name model.path, "
                "and give train.language a lora"
            )
        return self

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if (self.duration is None) == (not self.phases):
            raise ValueError("give a duration, or phases that have one each")
        if self.phases and self.train != everything():
            raise ValueError("train: say in each of the phases what moves")
        if self.sharded and self.memory.frozen != "as_loaded":
            raise ValueError("memory.frozen: weights that are shared out are all of one type")
        for duration in (self.duration, *(phase.duration for phase in self.phases)):
            if duration is not None and duration.percent is not None:
                raise ValueError(
                    "a run cannot be a percentage of itself: give steps, epochs, examples"
                )
        return self

    @model_validator(mode="after")
    def _reads_alike(self) -> Self:
        if self.sharded and self.loss.number_head > 0:
            raise ValueError(
                "sharded: processes must read the same weights in every pass, and a number head is "
                "read where there are numbers; leave loss.number_head at 0, or sharded out"
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
