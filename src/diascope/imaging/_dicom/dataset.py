"""The elements of a DICOM file that shape its pixels, and values taken from them with suspicion.

Only the elements named here are kept, so nothing about a patient is ever in memory to leak.
"""

import logging
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any, BinaryIO, Literal

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_preamble
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from diascope.imaging import budget
from diascope.imaging.errors import ImageError

# pydicom logs the values that it cannot read, and those may be a patient's
logging.getLogger("pydicom").propagate = False

PIXEL_DATA = 0x7FE00010
_FLOAT_PIXELS = (0x7FE00008, 0x7FE00009)
_UNDEFINED = 0xFFFFFFFF
_KEYWORDS = (
    "BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel Rows Columns "
    "NumberOfFrames PhotometricInterpretation PlanarConfiguration PixelAspectRatio PixelSpacing "
    "ImagerPixelSpacing PixelPaddingValue PixelPaddingRangeLimit RescaleSlope RescaleIntercept "
    "ModalityLUTSequence VOILUTSequence WindowCenter WindowWidth VOILUTFunction "
    "PresentationLUTShape SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence "
    "RedPaletteColorLookupTableDescriptor RedPaletteColorLookupTableData "
    "GreenPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableData "
    "BluePaletteColorLookupTableDescriptor BluePaletteColorLookupTableData "
    "SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData "
    "SegmentedBluePaletteColorLookupTableData ExtendedOffsetTable ExtendedOffsetTableLengths "
    "Modality ViewPosition ImageLaterality Laterality BurnedInAnnotation PresentationIntentType"
)
_TAGS: list[BaseTag | int] = [
    tag for word in _KEYWORDS.split() if (tag := tag_for_keyword(word)) is not None
]


@dataclass(frozen=True)
class Opened:
    """A dataset without its pixels, and where they are."""

    dataset: Dataset
    syntax: UID
    file: BinaryIO
    """At the first byte of the pixel data's value."""
    vr: str
    length: int
    """Of that value, in bytes that the file holds; -1 where it is in fragments."""


def open_dataset(file: BinaryIO, name: str) -> Opened:
    """Read up to the pixels; ImageError where there are none. Anything else is damage, and raises.

    The file begins with a preamble (PS3.10 section 7.1), or at once with an element.
    """
    read_preamble(file, force=True)
    meta = read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    said = meta.get("TransferSyntaxUID")
    syntax = UID(str(said)) if said else _guessed(file)
    if syntax == DeflatedExplicitVRLittleEndian:
        file, syntax = _inflated(file, name), ExplicitVRLittleEndian
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    dataset = read_dataset(file, implicit, little, stop_when=_at_pixels, specific_tags=_TAGS)
    vr, length = _pixel_element(file, implicit, little, name)
    return Opened(dataset, syntax, file, vr, length)


def values(dataset: Dataset, keyword: str) -> Sequence[Any]:
    """An element's values; none where it is missing, empty, or cannot be read."""
    try:
        found = dataset.get(keyword)
    except Exception:  # converting hostile bytes to a value raises anything
        return ()
    if found is None or found == "":
        return ()
    return found if isinstance(found, MultiValue | Items | list | tuple) else (found,)


def number(dataset: Dataset, keyword: str, index: int = 0) -> float | None:
    """The finite number at an index of an element's values."""
    found = values(dataset, keyword)
    try:
        value = float(found[index])
    except (IndexError, TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def word(dataset: Dataset, keyword: str) -> str | None:
    """A code string of capitals, digits and underscores; None for any other text."""
    text = str(next(iter(values(dataset, keyword)), "")).strip()
    is_code = text.replace("_", "").isalnum() and text.isascii() and text == text.upper()
    return text if is_code and len(text) <= 16 else None


def group(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """Where an enhanced object keeps a frame's attributes (PS3.3 C.7.6.16), else the dataset.

    `keyword` names the functional group: the frame's own goes before the one of all frames.
    """
    own = values(dataset, "PerFrameFunctionalGroupsSequence")[frame : frame + 1]
    shared = values(dataset, "SharedFunctionalGroupsSequence")[:1]
    for groups in chain(own, shared):
        for item in values(groups, keyword):
            return item if isinstance(item, Dataset) else dataset
    return dataset


def _guessed(file: BinaryIO) -> UID:
    """The syntax of a dataset that does not say it, from its first element."""
    start = file.read(6)
    file.seek(-len(start), 1)
    if not start[4:6].isalpha() or not start[4:6].isupper():
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if start[0] == 0 else ExplicitVRLittleEndian


def _inflated(file: BinaryIO, name: str) -> BytesIO:
    """The dataset behind a deflated one, up to the bytes that one frame may take."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(file.read(), budget.MAX_BYTES + 1)
    budget.check_bytes(len(content), name)
    return BytesIO(content)


def _at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag in (PIXEL_DATA, *_FLOAT_PIXELS)


def _pixel_element(file: BinaryIO, implicit: bool, little: bool, name: str) -> tuple[str, int]:
    """The VR and length of the pixel data, with the file moved to the value."""
    order: Literal["little", "big"] = "little" if little else "big"
    head = file.read(8)
    tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
    if tag in _FLOAT_PIXELS:
        raise ImageError(f"{name}: its pixels are floats, which have no agreed black and white")
    if tag != PIXEL_DATA:
        raise ImageError(f"{name}: a DICOM file without pixels, or damaged; leave it out")
    # some files are implicit although their syntax is not, and pydicom reads them all the same
    vr = head[4:6].decode("ascii", "replace")
    is_explicit = not implicit and vr in ("OB", "OW", "UN")
    length = int.from_bytes(file.read(4) if is_explicit else head[4:], order)
    return vr if is_explicit else "OW", -1 if length == _UNDEFINED else min(length, _left(file))


def _left(file: BinaryIO) -> int:
    """Bytes from here to the end."""
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end - here
