"""What the difficulty dial turns: contrast of findings, noise, and nuisance spread."""

from typing import Literal, NamedTuple

Style = Literal["A", "B"]


class Dial(NamedTuple):
    """How one image is acquired; all three factors are near 1 at the default difficulty 0.5."""

    style: Style
    contrast: float
    """Multiplies what a lesion or a cell adds to the picture."""
    noise: float
    """Multiplies the standard deviation of the noise."""
    spread: float
    """Multiplies the spread of pose, exposure and background."""

    @classmethod
    def turned_to(cls, difficulty: float, style: Style) -> "Dial":
        """The dial at a difficulty in [0, 1]."""
        return cls(style, 1.4 - 0.8 * difficulty, 0.4 + 1.2 * difficulty, 0.5 + difficulty)
