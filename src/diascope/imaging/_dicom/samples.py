"""From the bits of a place to the number that they mean: stored value, then modality value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from diascope.imaging._dicom.dataset import group, number, values
from diascope.imaging._dicom.layout import Layout
from diascope.imaging._dicom.lut import Lut, Numbers, lut_of
from diascope.imaging.errors import ImageError

POLICY = {
    "stored": "bits stored below the high bit, two's complement where signed",
    "modality": "lut, else slope and intercept",
    "padding": "the value, or the range up to its limit, is black",
}
Codes = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Rescale:
    """Slope and intercept (PS3.3 C.11.1.1.2)."""

    slope: float
    intercept: float

    def of(self, numbers: Numbers) -> Numbers:
        """The output units, Hounsfield units of a CT for one."""
        return numbers * self.slope + self.intercept


def codes_of(samples: NDArray[Any], layout: Layout) -> Codes:
    """The sample's bits alone, unsigned: what old writers keep in the bits above is an overlay."""
    unsigned: Codes = samples.view(samples.dtype.str.replace("i", "u"))
    native = unsigned.astype(unsigned.dtype.newbyteorder("="), copy=False)
    if layout.stored == native.dtype.itemsize * 8:
        return native
    shift = layout.high_bit + 1 - layout.stored
    return native >> native.dtype.type(shift) & native.dtype.type(2**layout.stored - 1)


def numbers_of(codes: NDArray[Any], layout: Layout) -> Numbers:
    """The stored values that the bits mean (PS3.5 8.1.1)."""
    wide = codes.astype(np.float64)
    if layout.is_signed:
        wide[wide >= 2 ** (layout.stored - 1)] -= 2**layout.stored
    return wide


def modality_of(
    dataset: Dataset, frame: int, little: bool, name: str
) -> Callable[[Numbers], Numbers]:
    """From stored values to the modality's: a table, or a line; a slope of 0 is taken for none."""
    for item in values(dataset, "ModalityLUTSequence")[:1]:
        table: Lut | None = lut_of(item, little)
        if table is None:
            raise ImageError(f"{name}: its Modality LUT is damaged; export the picture again")
        return table.of
    held = group(dataset, frame, "PixelValueTransformationSequence")
    slope, intercept = number(held, "RescaleSlope"), number(held, "RescaleIntercept")
    return Rescale(slope or 1.0, intercept or 0.0).of


def padding_of(dataset: Dataset, layout: Layout) -> tuple[float, float] | None:
    """The least and the largest stored value that stands for no pixel (PS3.3 C.7.5.1.1.2)."""
    ends = [
        _in_range(value, layout)
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
        if (value := number(dataset, keyword)) is not None
    ]
    if not ends or not values(dataset, "PixelPaddingValue"):
        return None
    return min(ends), max(ends)


def _in_range(value: float, layout: Layout) -> float:
    """A value written with the other sign, as some do: 63536 for -2000 in 16 bits."""
    low = -(2.0 ** (layout.stored - 1)) if layout.is_signed else 0.0
    for meant in (value, value - 2**layout.allocated, value + 2**layout.allocated):
        if low <= meant < low + 2**layout.stored:
            return meant
    return value
