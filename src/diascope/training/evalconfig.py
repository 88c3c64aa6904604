"""How a run is watched: what it looks at that it does not learn from, and how much of it.

[evaluation]
every = { percent = 10.0 }
replies = 16
mix = { detection = 2.0, report = 1.0 }
"""

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, model_validator

from diascope.training.optimconfig import Duration
from diascope.values import Value

Open = Annotated[int, Field(ge=0)] | None
"""A number of things; None is as many as the budget has room for."""


class EvalConfig(Value):
    """How often the run looks at data that it does not learn from, and what it looks for.

    What is left open is as much as fits into the budget; what is given is done whatever it costs.
    """

    split: str = "val"
    every: Duration = Duration(percent=25.0)
    """Between two looks."""
    budget: Annotated[FiniteFloat, Field(ge=0, le=1)] = 0.05
    """Share of the run's work that looking may take."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Cases the loss is measured on; 32 to 256 where it is open."""
    replies: Open = None
    """Cases of each task that are answered and measured at every look; at most 16 where open."""
    pictures: Open = None
    """Pictures of replies that are drawn at every look; at most 4 where open."""
    draw_restricted: bool = False
    """Draw pictures of restricted records too: the run's folder must then stay on this machine."""
    gradients: Open = None
    """Training cases of each task whose gradient is measured; at most 2 where open."""
    gradients_every: Duration = Duration(percent=25.0)
    """Between two measurements of the gradients."""
    task: str | None = None
    """The task whose primary metric chooses the weights that the run ends with."""
    task_limit: Annotated[int, Field(ge=1)] = 64
    """Cases of that task; all of them are answered."""
    mix: dict[str, Annotated[FiniteFloat, Field(ge=0)]] = Field(default_factory=dict)
    """Weights of tasks whose weighted progress chooses the weights that the run ends with."""

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.mix and self.task is not None:
            raise ValueError("a task chooses the weights, or a mix of tasks does: give one of them")
        if self.mix and not any(self.mix.values()):
            raise ValueError("mix: all weights are 0")
        if self.mix and self.replies == 0:
            raise ValueError("a mix is of replies: ask for some, or leave `replies` open")
        return self

    @property
    def chooses(self) -> str:
        """The measure whose best weights the run ends with: `loss`, `mix`, or a task."""
        return self.task or ("mix" if self.mix else "loss")
