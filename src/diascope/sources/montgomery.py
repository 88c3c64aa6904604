"""montgomery: Montgomery County, 138 frontal chest radiographs, with readings and lung masks.

    CXR_png/MCUCXR_0001_0.png   ClinicalReadings/MCUCXR_0001_0.txt (sex, age, then the reading)
    ManualMask/leftMask/MCUCXR_0001_0.png   ManualMask/rightMask/   montgomery_consensus_roi.csv

A record is one image: tuberculosis (the last digit of its name), sex, age, the reading, a mask of
each lung, and the boxes of a consensus of two radiologists where it has some. The folders of the
masks name sides of the image: `leftMask` holds the patient's right lung. A patient may have several
images, which only the readings tell: "(same pt as MCUCXR_0113_1)". No split is published. All of
the images are also in TBX11K.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.errors import InputError
from diascope.geometry import Size
from diascope.records import Record, Turn
from diascope.sources import _tuberculosis, turns
from diascope.sources._age import years
from diascope.sources._masks import read_mask, regions
from diascope.sources._tuberculosis import Consensus, tuberculosis
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Download, Problem, RemoteFile, Source

_LUNGS = {"right lung": "leftMask", "left lung": "rightMask"}
_MOST_REGIONS = 4
"""The heart may cut a lung in two."""
_SEXES = {"F": "female", "M": "male", "O": "other"}
_SEX, _AGE = "Patient's Sex:", "Patient's Age:"
_SAME = re.compile(r"\(same pt as (MCUCXR_\d+)_[01]\)")
_NO_REPORT = "NO REPORT"
_FIRST = {"MCUCXR_0170": "MCUCXR_0162"}
"""One patient by what others found in the files; the reading does not say so."""
_MOST_CHARS = 1000


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    images = folder.names(_tuberculosis.IMAGES)
    if not images:
        raise InputError(f"{root}: no {_tuberculosis.IMAGES} is in it; name the MontgomerySet")
    consensus = Consensus(folder, "montgomery_consensus_roi.csv")
    for name in images:
        yield from folder.records(name, None, _records, folder, consensus, name)
    stems = {Path(name).stem for name in images}
    yield from consensus.strays(stems)
    yield from folder.strays("ClinicalReadings/*.txt", set(map(_tuberculosis.reading_of, stems)))
    masks = {_mask(side, stem) for side in _LUNGS.values() for stem in stems}
    yield from folder.strays("ManualMask/*/*.png", masks)


def _records(folder: Folder, consensus: Consensus, name: str) -> Iterator[Record]:
    stem = Path(name).stem
    image = folder.image(name, view="PA")
    lines = _tuberculosis.reading(folder, stem)
    told = _report(lines)
    asked = (
        tuberculosis(_tuberculosis.by_digit(stem)),
        *turns.person(_sex(lines), _age(lines), tuple(_SEXES.values())),
        *([turns.report("impression", told, _MOST_CHARS)] if told else []),
        *_lungs(folder, stem, image.size),
        *consensus.turns(stem, image.size),
    )
    yield Record(
        id=stem,
        dataset="montgomery",
        patient=_patient(stem, lines),
        study=stem,
        split="",
        images=(image,),
        turns=asked,
        licence=SOURCE.licence,
    )


def _report(lines: list[str]) -> str:
    """What is said of the image; empty where a reading says that it is none."""
    said = [line for line in lines if not line.startswith((_SEX, _AGE))]
    return "" if " ".join(said).startswith(_NO_REPORT) else "\n".join(said)


def _patient(stem: str, lines: list[str]) -> str:
    """The number of the patient's first image, by its reading; else the image's own."""
    same = _SAME.search(" ".join(lines))
    number = stem.rpartition("_")[0]
    return same[1] if same else _FIRST.get(number, number)


def _sex(lines: list[str]) -> str | None:
    letter = _cell(lines, _SEX)
    if letter and letter not in _SEXES:
        raise Unreadable(f"its reading's sex is none of {', '.join(_SEXES)}")
    return _SEXES.get(letter)


def _age(lines: list[str]) -> float | None:
    cell = _cell(lines, _AGE)
    return years(cell) if cell else None


def _cell(lines: list[str], name: str) -> str:
    found = (line.removeprefix(name).strip() for line in lines if line.startswith(name))
    return next(found, "")


def _mask(side: str, stem: str) -> str:
    return f"ManualMask/{side}/{stem}.png"


def _lungs(folder: Folder, stem: str, size: Size) -> Iterator[Turn]:
    for lung, side in _LUNGS.items():
        mask = read_mask(folder, _mask(side, stem), size)
        found = regions(lung, mask, _MOST_REGIONS)
        yield turns.outline(f"the {lung}", (lung,), found, _MOST_REGIONS)


SOURCE = Source(
    name="montgomery",
    about="Montgomery County chest radiographs: tuberculosis, readings, both lungs outlined",
    read=_read,
    marks=("CXR_png/MCUCXR_*.png", "ManualMask/leftMask"),
    licence="public domain (National Library of Medicine), citation asked",
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/540faeaa7fe721c5691fc898e31aec46191de866/"
        "docs/wiki/datasets/montgomery_cxr.md",
    ),
    download=Download(
        files=(
            RemoteFile(
                name="NLM-MontgomeryCXRSet.zip",
                url="https://openi.nlm.nih.gov/imgs/collections/NLM-MontgomeryCXRSet.zip",
                size=616_853_875,
                sha256="54601e952315d8f67383e9202a6e145997ade429f54f7e0af44b4e158714f424",
            ),
        )
    ),
    counts=MappingProxyType({"images": 138, "patients": 135}),
)
