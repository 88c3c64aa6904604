"""How the pixels of a DICOM file are laid out (PS3.3 C.7.6.3), checked before any is decoded."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from diascope.imaging import budget
from diascope.imaging._dicom.dataset import number, values
from diascope.imaging.errors import ImageError

GREY = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_ALLOCATED = (1, 8, 16, 32)


@dataclass(frozen=True)
class Layout:
    """The attributes of the Image Pixel module; of several frames all are alike."""

    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    """Bits of a sample's place."""
    stored: int
    """Bits of them that are the sample's."""
    high_bit: int
    """The place of the sample's highest bit, from 0."""
    is_signed: bool
    photometric: str
    planar: int

    @property
    def bits(self) -> int:
        """Bits of one frame, uncompressed; YBR_FULL_422 shares colours between two pixels."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.allocated


def layout_of(dataset: Dataset, name: str) -> Layout:
    """The layout; ImageError where it is missing, contradicts itself, or costs too much."""
    allocated = _whole(dataset, "BitsAllocated", name, None, (1, 32))
    stored = _whole(dataset, "BitsStored", name, allocated, (1, 32))
    layout = Layout(
        rows=_whole(dataset, "Rows", name, None, (1, 65535)),
        columns=_whole(dataset, "Columns", name, None, (1, 65535)),
        samples=_whole(dataset, "SamplesPerPixel", name, 1, (1, 4)),
        frames=_whole(dataset, "NumberOfFrames", name, 1, (1, 2**31)),
        allocated=allocated,
        stored=stored,
        high_bit=_whole(dataset, "HighBit", name, stored - 1, (0, 31)),
        is_signed=_whole(dataset, "PixelRepresentation", name, 0, (0, 1)) == 1,
        photometric=_photometric(dataset, name),
        planar=_whole(dataset, "PlanarConfiguration", name, 0, (0, 1)),
    )
    _check_cost(layout, name)
    _check_whole(layout, name)
    return layout


def _whole(
    dataset: Dataset, keyword: str, name: str, default: int | None, limits: tuple[int, int]
) -> int:
    """A whole number within limits; the default where the element is missing or empty."""
    if not values(dataset, keyword) and default is not None:
        return default
    value = number(dataset, keyword)
    if value is None or value != int(value) or not limits[0] <= value <= limits[1]:
        raise ImageError(
            f"{name}: {keyword} is missing or no whole number from {limits[0]} to {limits[1]}; "
            "export the picture again"
        )
    return int(value)


def _photometric(dataset: Dataset, name: str) -> str:
    known = (*GREY, PALETTE, *COLOUR)
    text = str(next(iter(values(dataset, "PhotometricInterpretation")), ""))
    if text not in known:
        raise ImageError(
            f"{name}: its PhotometricInterpretation is none of {', '.join(known)}; convert it"
        )
    return text


def _check_cost(layout: Layout, name: str) -> None:
    budget.check_pixels(layout.columns, layout.rows, name)
    budget.check_bytes(layout.bits // 8, name)
    budget.check_frames(layout.frames, name)


def _check_whole(layout: Layout, name: str) -> None:
    samples = 3 if layout.photometric in COLOUR else 1
    fits = layout.stored - 1 <= layout.high_bit < layout.allocated
    if layout.samples != samples or layout.allocated not in _ALLOCATED or not fits:
        raise ImageError(
            f"{name}: {layout.samples} samples of {layout.stored} bits up to bit "
            f"{layout.high_bit} of {layout.allocated} are no layout of {layout.photometric}; "
            "export the picture again"
        )
