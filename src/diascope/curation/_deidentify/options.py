"""What a de-identification keeps beyond the basic profile, and the codes that say so."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from diascope.values import Value


class PrivateAttribute(Value):
    """A private attribute that is known to be safe; only its numbers are ever kept."""

    creator: str = Field(min_length=1)
    """Value of the private creator element that reserves its block."""
    group: int = Field(ge=0x0009, le=0xFFFF, multiple_of=1)
    """Odd group number."""
    element: int = Field(ge=0x00, le=0xFF)
    """Its place within the block: the last two hexadecimal digits of the element number."""


class Options(Value):
    """The options of DICOM PS3.15 E.3; without any, as little is kept as an image needs."""

    dates: Literal["shifted", "full", "removed"] = "shifted"
    """`shifted` by whole days, one keyed number for each patient; `full` keeps the true ones."""
    times: Literal["kept", "shifted"] = "kept"
    """With shifted dates: whether times of day stay or move with them."""
    patient_characteristics: bool = False
    """Keep sex, age (90 and above as 90), size, weight and the like."""
    device_identity: bool = False
    """Keep what tells one device from another: serial number, station name, software."""
    institution_identity: bool = False
    """Keep name, address and department of the institution."""
    uids: bool = False
    """Keep UIDs, by which whoever has the originals can find them again."""
    descriptors: bool = False
    """Keep those words of descriptions and protocol names that are in the vocabulary."""
    safe_private: tuple[PrivateAttribute, ...] = ()
    """Private attributes whose numbers are kept, such as a vendor's b-values."""
    ocr: Literal["suspects", "all"] = "suspects"
    """Which pictures are searched for burned-in text where tesseract is installed."""

    def columns(self) -> tuple[str, ...]:
        """The columns of the profile's table that apply, besides the basic one."""
        chosen = {
            "full_dates": self.dates == "full",
            "modified_dates": self.dates == "shifted",
            "characteristics": self.patient_characteristics,
            "device": self.device_identity,
            "institution": self.institution_identity,
            "uids": self.uids,
            "descriptors": self.descriptors,
        }
        return tuple(name for name, is_chosen in chosen.items() if is_chosen)

    def methods(self) -> Iterator[tuple[str, str]]:
        """Value and meaning of the DCM codes (PS3.16 CID 7050) for what was done."""
        yield "113100", "Basic Application Confidentiality Profile"
        yield from (_METHODS[name] for name in self.columns())
        if self.safe_private:
            yield "113111", "Retain Safe Private Option"


_METHODS = {
    "descriptors": ("113105", "Clean Descriptors Option"),
    "full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "characteristics": ("113108", "Retain Patient Characteristics Option"),
    "device": ("113109", "Retain Device Identity Option"),
    "uids": ("113110", "Retain UIDs Option"),
    "institution": ("113112", "Retain Institution Identity Option"),
}
