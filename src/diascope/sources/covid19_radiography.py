"""covid19_radiography: COVID-19 Radiography Database, 21,165 chest radiographs of four classes.

    COVID/images/COVID-1.png   COVID/masks/COVID-1.png   COVID.metadata.xlsx
    Lung_Opacity/   Normal/   Viral Pneumonia/

A record is one image: its class, which is its folder, and the lungs outlined. The masks are smaller
than the images (256 and 299 pixels a side), and are lungs in every class, never disease. The
workbooks are not read: they name other sizes and spell files otherwise. No patient and no split is
published, so that an image is its own patient. Each class comes from other hospitals, the pneumonia
from children: a model may learn the source in place of the disease.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.errors import InputError
from diascope.imaging.decode import read_grey
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources._resized import resized_regions
from diascope.sources.folder import Folder
from diascope.sources.source import Problem, Source

CLASSES = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")
_LUNGS = "lungs"
_MOST = 4
"""Two lungs, either of which the drawing may cut in two."""


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    images = [(name, kind) for kind in CLASSES for name in folder.names(f"{kind}/images/*.png")]
    if not images:
        places = ", ".join(f"{kind}/images" for kind in CLASSES)
        raise InputError(f"{root}: no PNG files in any of {places}; name the folder above these")
    for name, kind in images:
        yield from folder.records(name, None, _records, folder, name, kind)
    masks = {_mask(name, kind) for name, kind in images}
    for kind in CLASSES:
        yield from folder.strays(f"{kind}/masks/*.png", masks)


def _mask(name: str, kind: str) -> str:
    """The mask of an image."""
    return f"{kind}/masks/{Path(name).name}"


def _records(folder: Folder, name: str, kind: str) -> Iterator[Record]:
    image = folder.image(name)
    stem = Path(name).stem
    yield Record(
        id=stem,
        dataset="covid19_radiography",
        patient=stem,
        study=stem,
        split="",
        images=(image,),
        turns=(
            turns.which("What does the radiograph show?", CLASSES, kind),
            _lungs(folder, image, _mask(name, kind)),
        ),
        licence=SOURCE.licence,
    )


def _lungs(folder: Folder, image: Image, mask: str) -> Turn:
    drawn = read_grey(folder.path(mask)) > 0
    found = resized_regions(_LUNGS, drawn, image.size, _MOST)
    return turns.outline(f"the {_LUNGS}", (_LUNGS,), found, _MOST)


SOURCE = Source(
    name="covid19_radiography",
    about="COVID-19 Radiography Database: four classes of radiographs, lungs outlined",
    read=_read,
    marks=("COVID/images", "Lung_Opacity/images", "Viral Pneumonia/images"),
    licence="a collection of public sets, each under its own licence; citation asked",
    witnesses=(
        "https://huggingface.co/spaces/dgrant6/Clinical-Demo/blob/main/data/"
        "COVID-19_Radiography_Dataset/README.md.txt",
        "https://github.com/ChristianConchari/COVID-19-detection-with-Chest-X-Ray-using-PyTorch/"
        "blob/ad413dd2b3904d3c93432b9fab621f158e9e11f4/COVID-19_Radiography_Dataset/README.md.txt",
    ),
    counts=MappingProxyType(
        {
            "images": 21_165,
            "COVID": 3_616,
            "Lung_Opacity": 6_012,
            "Normal": 10_192,
            "Viral Pneumonia": 1_345,
        }
    ),
)
