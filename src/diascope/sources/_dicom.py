"""A radiograph in DICOM as public sets hold it: the picture, and what its header says of it.

Values are taken as bytes, since headers break the rules of their elements (an age without a unit)
and pydicom warns about those and logs them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from diascope.geometry import Size
from diascope.imaging.decode import read_header
from diascope.imaging.header import Header, Scale
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources._elements import elements
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Source

_KEYWORDS = ("PatientID", "PatientSex", "PatientAge", "StudyInstanceUID")
_SEXES = {"F": "female", "M": "male"}
_VIEWS = ("PA", "AP")


@dataclass(frozen=True)
class Radiograph:
    """One file; `scale` takes places in stored pixels to pixels of the image as it is read."""

    image: Image
    stored: Size
    scale: Scale
    patient: str
    study: str
    turns: tuple[Turn, ...]
    """View, sex and age, each where the header tells it."""

    def record(self, source: Source, split: str, asked: Iterable[Turn]) -> Record:
        """The record of this one image: what is asked, and then what the header tells."""
        return Record(
            id=PurePosixPath(self.image.path).stem,
            dataset=source.name,
            patient=self.patient,
            study=self.study,
            split=split,
            images=(self.image,),
            turns=(*asked, *self.turns),
            licence=source.licence,
        )


def read_radiograph(folder: Folder, name: str) -> Radiograph:
    """The file `name`; Unreadable or ImageError where it is missing, damaged or tells no patient.

    The spacing of the pixels is left out: the files were made of smaller copies of the pictures
    and keep the spacing of the originals.
    """
    path = folder.path(name)
    header = read_header(path)
    told = elements(path, _KEYWORDS)
    for keyword in ("PatientID", "StudyInstanceUID"):
        if not told[keyword]:
            raise Unreadable(f"its header has no {keyword}")
    return Radiograph(
        image=Image(
            path=name,
            width=header.size.width,
            height=header.size.height,
            view=header.view_position,
        ),
        stored=header.stored,
        scale=header.scale,
        patient=told["PatientID"],
        study=told["StudyInstanceUID"],
        turns=tuple(_turns(header, told)),
    )


def _turns(header: Header, told: dict[str, str]) -> Iterator[Turn]:
    if header.view_position in _VIEWS:
        yield turns.which("Which view is it?", _VIEWS, header.view_position)
    age = years(told["PatientAge"]) if told["PatientAge"] else None
    yield from turns.person(_SEXES.get(told["PatientSex"]), age)
