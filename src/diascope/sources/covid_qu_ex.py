"""covid_qu_ex: COVID-QU-Ex, 33,920 chest radiographs of three classes, lungs and infection drawn.

    Lung Segmentation Data/Lung Segmentation Data/{Train,Val,Test}/{COVID-19,Non-COVID,Normal}/
        images/covid_1.png   lung masks/covid_1.png
    Infection Segmentation Data/Infection Segmentation Data/{Train,Val,Test}/...
        images/   lung masks/   infection masks/

A record is one image: its class, the lungs outlined, and in the infection part every infected
region outlined and boxed. A black infection mask is a negative; the lung part has no such masks,
and there infection is unknown. Non-COVID is other pneumonia, not health. The infection part has
images of the lung part again, under their names: the name is the patient, as none is published.
Splits are the published folders. All images come from other public sets.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from diascope.errors import InputError
from diascope.geometry import Size
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._infection import infected
from diascope.sources._masks import read_mask, regions
from diascope.sources.folder import Folder
from diascope.sources.source import Problem, Source

CLASSES = ("COVID-19", "Non-COVID", "Normal")
_SPLITS = {"Train": "train", "Val": "val", "Test": "test"}
_LUNGS, _INFECTION = "lungs", "infection"
_MASKS = _LUNG_MASKS, _INFECTION_MASKS = "lung masks", "infection masks"
_MOST = 4
"""Two lungs, either of which the drawing may cut in two."""


class _Part(NamedTuple):
    """Half of the set; its folder lies in another of the same name."""

    folder: str
    key: str
    """Distinguishes the records of an image that is in both halves."""
    has_infection: bool


_PARTS = (
    _Part("Lung Segmentation Data", "lung", has_infection=False),
    _Part("Infection Segmentation Data", "infection", has_infection=True),
)


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    images = [(part, name) for part in _PARTS for name in _images(folder, part)]
    if not images:
        places = " and ".join(repr(part.folder) for part in _PARTS)
        raise InputError(f"{root}: no images in {places}; name the folder above these")
    for part, name in images:
        yield from folder.records(name, None, _records, folder, part, PurePosixPath(name))
    masks = {_mask(PurePosixPath(name), kind) for _, name in images for kind in _MASKS}
    for kind in _MASKS:
        yield from folder.strays(f"*/*/*/*/{kind}/*.png", masks)


def _mask(image: PurePosixPath, kind: str) -> str:
    """The mask of an image in one of the folders of masks."""
    return f"{image.parent.parent}/{kind}/{image.name}"


def _images(folder: Folder, part: _Part) -> Iterator[str]:
    for split in _SPLITS:
        for kind in CLASSES:
            yield from folder.names(f"{part.folder}/{part.folder}/{split}/{kind}/images/*.png")


def _records(folder: Folder, part: _Part, path: PurePosixPath) -> Iterator[Record]:
    split, kind = path.parts[2:4]
    image = folder.image(str(path))
    yield Record(
        id=f"{part.key}/{split}/{path.stem}",
        dataset="covid_qu_ex",
        patient=path.stem,
        study=path.stem,
        split=_SPLITS[split],
        images=(image,),
        turns=(
            turns.which("What does the radiograph show?", CLASSES, kind),
            *_drawn(folder, part, path, image.size),
        ),
        licence=SOURCE.licence,
    )


def _drawn(folder: Folder, part: _Part, path: PurePosixPath, size: Size) -> Iterator[Turn]:
    mask = read_mask(folder, _mask(path, _LUNG_MASKS), size)
    lungs = regions(_LUNGS, mask, _MOST)
    yield turns.outline(f"the {_LUNGS}", (_LUNGS,), lungs, _MOST)
    if part.has_infection:
        drawn = _mask(path, _INFECTION_MASKS)
        yield from infected(folder, drawn, size, "infected region", _INFECTION)


SOURCE = Source(
    name="covid_qu_ex",
    about="COVID-QU-Ex: COVID-19, other pneumonia or normal, lungs and infection outlined",
    read=_read,
    marks=("* Segmentation Data/* Segmentation Data/T*/Non-COVID/images",),
    licence="CC-BY-SA-4.0 by its page",
    witnesses=(
        "https://github.com/constantinpape/torch-em/blob/c636a8882a542677db37ff0806fb15e9a8235db7/"
        "torch_em/data/datasets/medical/covid_qu_ex.py",
        "https://www.kaggle.com/datasets/anasmohammedtahir/covidqu",
    ),
    counts=MappingProxyType(
        {"images": 33_920, "COVID-19": 11_956, "Non-COVID": 11_263, "Normal": 10_701}
    ),
)
