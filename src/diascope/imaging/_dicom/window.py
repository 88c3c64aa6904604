"""Values of interest: the modality's values to shares, black 0 to white 1 (PS3.3 C.11.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from diascope.imaging._dicom.dataset import group, number, values, word
from diascope.imaging._dicom.lut import Numbers, lut_of

_PERCENTILES = (0.5, 99.5)
_NEIGHBOURS = (np.floor, np.ceil)
POLICY = {
    "voi": "lut, else the first valid window, else percentiles of what is no padding",
    "functions": "LINEAR, LINEAR_EXACT, SIGMOID",
    "percentiles": list(_PERCENTILES),
    "one bit": "black and white",
}


@dataclass(frozen=True)
class Window:
    """A centre and a width, used by one of the functions of PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    center: float
    width: float
    function: str = "LINEAR"

    @property
    def is_valid(self) -> bool:
        """A width of at least 1 for LINEAR, above 0 for the others."""
        return self.width >= 1 if self.function == "LINEAR" else self.width > 0

    def shares(self, numbers: Numbers) -> Numbers:
        """0 to 1 for each number."""
        if self.function == "SIGMOID":
            steep = np.clip(-4 * (numbers - self.center) / self.width, -700, 700)
            return 1 / (1 + np.exp(steep))
        if self.function == "LINEAR_EXACT":
            return span_shares(numbers, self.center - self.width / 2, self.width)
        return span_shares(numbers, self.center - 0.5 - (self.width - 1) / 2, self.width - 1)


def span_shares(numbers: Numbers, low: float, width: float) -> Numbers:
    """0 up to `low`, 1 from `low + width` on; of no width, 1 above `low`."""
    if width == 0:
        return (numbers > low).astype(np.float64)
    return np.clip((numbers - low) / width, 0, 1)


class Seen(NamedTuple):
    """The values of a picture's pixels, each once, and how many pixels have it."""

    values: Numbers
    counts: NDArray[np.int64]

    def percentile(self, share: float) -> float:
        """Of all pixels' values, with straight lines between neighbours in their order."""
        order = np.argsort(self.values)
        values, ends = self.values[order], np.cumsum(self.counts[order])
        place = share / 100 * (ends[-1] - 1)
        low, high = (values[np.searchsorted(ends, end(place), "right")] for end in _NEIGHBOURS)
        return float(low + (high - low) * (place % 1))


def shares_of(
    dataset: Dataset, frame: int, little: bool, seen: Callable[[], Seen]
) -> Callable[[Numbers], Numbers]:
    """The function that the dataset asks for: its VOI LUT, else its first window.

    Where neither is there and valid, the 0.5th to the 99.5th percentile of `seen`, the values of
    all pixels but padding.
    """
    held = group(dataset, frame, "FrameVOILUTSequence")
    for item in values(dataset, "VOILUTSequence")[:1]:
        if (table := lut_of(item, little)) is not None:
            return table.shares
    if (window := window_of(held)) is not None:
        return window.shares
    low, high = _spread(seen())
    return lambda numbers: span_shares(numbers, low, high - low)


def window_of(held: Dataset) -> Window | None:
    """The first window, or None where it is missing or invalid."""
    center, width = number(held, "WindowCenter"), number(held, "WindowWidth")
    function = word(held, "VOILUTFunction") or "LINEAR"
    if center is None or width is None:
        return None
    known = function if function in ("SIGMOID", "LINEAR_EXACT") else "LINEAR"
    window = Window(center, width, known)
    return window if window.is_valid else None


def _spread(seen: Seen) -> tuple[float, float]:
    """The percentiles; the extremes where those are one value."""
    if not seen.values.size:
        return 0.0, 0.0
    low, high = map(seen.percentile, _PERCENTILES)
    return (low, high) if low < high else (float(seen.values.min()), float(seen.values.max()))
