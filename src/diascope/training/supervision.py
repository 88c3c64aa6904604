"""What counts as wrong, and by how much."""

from typing import Annotated

from pydantic import Field

from diascope.values import Value


class LossConfig(Value):
    """The loss of a run."""

    location_sigma: Annotated[float, Field(ge=0)] = 6.0
    """Width of the soft target over neighbouring location bins, in bins; 0 is a hard target."""


HARD = LossConfig(location_sigma=0.0)
"""Plain cross-entropy."""
