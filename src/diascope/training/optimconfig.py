"""How long things last, and how weights move."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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


Decay = Annotated[float, Field(ge=0, lt=1)]


class OptimConfig(Value):
    """How the weights move."""

    name: Literal["adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 1e-3
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
