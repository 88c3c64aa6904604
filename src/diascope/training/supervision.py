"""What counts as wrong, and by how much.

[loss]
number_sigma = 0.01     # near numbers are nearly right
number_distance = 5.0   # and far ones worse than near ones
number_head = 1.0       # a number is learnt beside its tokens too
per = "token"
balance_tasks = true
class_beta = 0.999
"""

from typing import Annotated, Literal

from pydantic import Field

from diascope.values import Value

Weight = Annotated[float, Field(ge=0)]


class LossConfig(Value):
    """The loss of a run. All that is about numbers leaves every other answer as it is."""

    location_sigma: Weight = 6.0
    """Width of the soft target over neighbouring location bins, in bins; 0 is a hard target."""
    number_sigma: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Width of the soft target round a number, as a share of the range it is asked in; 0 is hard:
    plain cross-entropy."""
    number_distance: Weight = 0.0
    """Weight of the expected distance from the true number, in shares of its range, a token."""
    number_head: Weight = 0.0
    """Weight of the loss of a head that says a number by itself; 0 gives the model none."""
    per: Literal["example", "token"] = "example"
    """Whether all answers weigh alike, as in big_vision, or all tokens of answers."""
    balance_tasks: bool = False
    """Whether every task weighs alike in sum, however often it is drawn."""
    class_beta: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Answers among options weigh by the inverse of the effective number of their like,
    (1 - beta^n) / (1 - beta) (arXiv 1901.05555); 0 leaves them alike, near 1 is inverse counts."""

    @property
    def grades_numbers(self) -> bool:
        """Whether the tokens of numbers are more than right or wrong."""
        return self.number_sigma > 0 or self.number_distance > 0

    @property
    def weighs(self) -> bool:
        """Whether examples weigh differently."""
        return self.per == "token" or self.balance_tasks or self.class_beta > 0


HARD = LossConfig(location_sigma=0.0)
"""Plain cross-entropy."""
