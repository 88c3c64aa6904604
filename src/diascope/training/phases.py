"""Phases: what of a model moves, how, for how long, and on what.

[[phases]]
name = "projector"
train = ["projector"]
duration = { steps = 10000 }

[[phases]]
name = "labels"
kind = "labels"     # see lessonconfig
train = ["vision"]
duration = { epochs = 2 }

[[phases]]
name = "tuning"
train = { vision = {}, projector = {}, language = { lora = { rank = 8, alpha = 32.0 } } }
duration = { steps = 100000 }
optim = { lr = 1e-4, weight_decay = 1e-4 }
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from diascope.mixture import MixtureConfig
from diascope.training.lessonconfig import ContrastiveConfig, Kind, LabelsConfig
from diascope.training.optimconfig import Duration, OptimConfig
from diascope.values import Value

Part = Literal["vision", "projector", "language", "attention", "embeddings"]
"""`attention` is the attention sublayers of the language model, `embeddings` its vocabulary."""


class Lora(Value):
    """Low-rank updates in place of a part's own weights (Hu et al., 2021)."""

    rank: Annotated[int, Field(ge=1)] = 16
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """Updates are scaled by alpha / rank."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    targets: tuple[str, ...] = ("q_proj", "v_proj")
    """Last names of the linear layers that get one; `all` means every linear layer of the part."""
    dora: bool = False
    """Whether magnitudes move by themselves (Liu et al., 2024)."""


class PartTraining(Value):
    """How a part moves."""

    rate: Annotated[float, Field(gt=0)] = 1.0
    """Share of the learning rate."""
    lora: Lora | None = None
    """None moves its own weights."""


Train = Mapping[Part, PartTraining]
"""What moves; a part that is not named does not."""


WHOLE: tuple[Part, ...] = ("vision", "projector", "language", "embeddings")
"""All parts, none twice."""


def everything() -> dict[Part, PartTraining]:
    """Every part moves, at the whole rate."""
    return {part: PartTraining() for part in WHOLE}


def named(given: Train | tuple[Part, ...]) -> Train:
    """A list of parts means each as it comes. ValueError where nothing moves, or a part twice."""
    train = given if isinstance(given, Mapping) else {part: PartTraining() for part in given}
    if not train:
        raise ValueError("nothing would move; name a part of the model")
    if {"language", "attention"} <= set(train):
        raise ValueError("`language` holds its `attention` already; name one of them")
    return train


Trained = Annotated[Train | tuple[Part, ...], AfterValidator(named)]


class Phase(Value):
    """One part of a run; what it leaves out is as the run has it."""

    name: Annotated[str, Field(min_length=1)]
    train: Trained
    """What moves, or the names of what moves as it comes."""
    duration: Duration
    kind: Kind = "answers"
    """What is learnt; a head that labels or texts need is there for the phase, and moves."""
    labels: LabelsConfig | None = None
    """Of kind labels; none is as it comes."""
    contrastive: ContrastiveConfig | None = None
    """Of kind contrastive; none is as it comes."""
    optim: OptimConfig | None = None
    mixture: MixtureConfig | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None
    accumulate: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        for kind, given in (("labels", self.labels), ("contrastive", self.contrastive)):
            if given is not None and self.kind != kind:
                raise ValueError(f"{kind}: goes with kind = {kind!r}, not with {self.kind!r}")
        idle = sorted(set(self.moves) - self._read)
        if idle:
            told = f"kind {self.kind!r} teaches {' and '.join(sorted(self._read))}"
            raise ValueError(f"{told}; nothing would move {', '.join(idle)}")
        return self

    @property
    def _read(self) -> frozenset[str]:
        """The parts that this kind of phase reads, and so can move."""
        if self.kind == "answers":
            return frozenset({*WHOLE, "attention"})
        chosen = self.contrastive or ContrastiveConfig()
        words = self.kind == "contrastive" and chosen.text.kind == "embeddings"
        return frozenset({"vision", "embeddings"} if words else {"vision"})

    @property
    def moves(self) -> Train:
        """`train`, part by part."""
        return named(self.train)
