"""Look-up tables of DICOM (PS3.3 C.11.1.1 and C.11.2.1.1): a descriptor and its data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from diascope.imaging._dicom.dataset import values

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Lut:
    """Entries of `bits` bits for the values from `first` on; beyond either end the last counts."""

    first: int
    bits: int
    entries: NDArray[np.uint16]

    def of(self, numbers: Numbers) -> Numbers:
        """The entry for each number, which is rounded."""
        places = np.clip(np.rint(numbers) - self.first, 0, len(self.entries) - 1)
        found: Numbers = self.entries[places.astype(np.int64)].astype(np.float64)
        return found

    def shares(self, numbers: Numbers) -> Numbers:
        """The entries as shares of the largest that their bits hold, 0 to 1."""
        shares: Numbers = np.minimum(self.of(numbers) / (2**self.bits - 1), 1)
        return shares


def lut_of(item: Dataset, little: bool) -> Lut | None:
    """The table in a sequence's item; None where it is missing or its data are too few."""
    descriptor = values(item, "LUTDescriptor")
    if len(descriptor) != 3 or not all(isinstance(value, int) for value in descriptor):
        return None
    count = descriptor[0] % 65536 or 65536
    entries = _entries(values(item, "LUTData"), count, little)
    if len(entries) < count:
        return None
    used = entries[:count]
    # some writers leave the bits out or claim 16 for data of fewer
    bits = min(max(descriptor[2], 1), 16) if descriptor[2] else int(used.max()).bit_length()
    return Lut(descriptor[1], max(bits, 1), used)


def _entries(data: Any, count: int, little: bool) -> NDArray[np.uint16]:
    """Of numbers or of bytes; a table of bytes has one or two to each entry."""
    if len(data) == 1 and isinstance(data[0], bytes):
        packed = len(data[0]) < 2 * count
        kind = np.dtype("u1") if packed else np.dtype("<u2" if little else ">u2")
        whole = len(data[0]) // kind.itemsize * kind.itemsize
        return np.frombuffer(data[0][:whole], kind).astype(np.uint16)
    return np.array([int(value) & 0xFFFF for value in data], np.uint16)
