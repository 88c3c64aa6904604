"""What a picture's file says of it besides the pixels, free of anything about the patient."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from diascope.geometry import Size


class Scale(NamedTuple):
    """Pixels as read for each stored pixel, along x and y: a box of stored pixels times this."""

    x: float
    y: float


class Spacing(NamedTuple):
    """Millimetres from the centre of a pixel to the next one's, along x and y."""

    x: float
    y: float


@dataclass(frozen=True)
class Header:
    """Sizes in pixels; None for what the file does not say.

    `size` is that of the pixels as they are read: upright and square. `stored` is what the file
    holds before its pixels are made square (PS3.3 C.7.6.3.1.7). `spacing_mm` is between pixels as
    read; for a projection it is measured on the detector (ImagerPixelSpacing), magnified.
    """

    size: Size
    stored: Size
    frames: int = 1
    spacing_mm: Spacing | None = None
    modality: str | None = None
    view_position: str | None = None
    laterality: str | None = None
    burned_in_annotation: bool | None = None
    for_processing: bool = False
    contradicts_polarity: bool = False
    """Black is said to be both ends: MONOCHROME1 with the shape IDENTITY; read as MONOCHROME1."""

    @property
    def scale(self) -> Scale:
        """From stored pixels to pixels as read; (1, 1) unless the stored ones are not square."""
        return Scale(self.size.width / self.stored.width, self.size.height / self.stored.height)

    def doubts(self) -> Iterator[str]:
        """Why a person should look at the picture before a model learns from it, for an audit."""
        if self.for_processing:
            yield "made FOR PROCESSING: not the picture that a reader was shown"
        if self.contradicts_polarity:
            yield "says MONOCHROME1 and IDENTITY, which contradict: may be shown as a negative"
        if self.burned_in_annotation:
            yield "says that it has burned-in annotation, which may name the patient"
