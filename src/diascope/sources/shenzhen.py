"""shenzhen: Shenzhen Hospital, 662 frontal chest radiographs, with readings, lesions and lungs.

    CXR_png/CHNCXR_0001_0.png   ClinicalReadings/CHNCXR_0001_0.txt ("male 52yrs", then the reading)
    Annotations/masks/CHNCXR_0327_1_Small_Infiltrate_(non-linear)_3.png (one lesion)
    mask/mask/CHNCXR_0001_0_mask.png (both lungs)   shenzhen_consensus_roi.csv

A record is one image, which is all that is told of a patient: tuberculosis (the last digit of its
name), sex, age, the reading, and where there are any, lesions of nineteen types, both lungs, and
the boxes of a consensus. Only images with tuberculosis were searched for lesions: one without a
mask has none, and a normal image's are unknown. Annotations-2 is another version of the same work
and is not read, nor is its table, so that labels and outlines are of one version. Ages may be in
months or days, or have no unit and are then unknown. The images are also in TBX11K. No split is
published.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.errors import InputError
from diascope.geometry import Size
from diascope.records import Record, Turn
from diascope.sources import _tuberculosis, turns
from diascope.sources._masks import read_mask, regions
from diascope.sources._shenzhen.lesions import Lesions
from diascope.sources._shenzhen.person import person
from diascope.sources._tuberculosis import Consensus, tuberculosis
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Download, Problem, RemoteFile, Source

_LUNGS = "lungs"
_MOST_REGIONS = 4
"""The heart may cut a lung in two."""
_MOST_CHARS = 1000


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    images = folder.names(_tuberculosis.IMAGES)
    if not images:
        raise InputError(f"{root}: no {_tuberculosis.IMAGES} is in it")
    reader = _Reader(folder)
    for name in images:
        yield from folder.records(name, None, reader.records, name)
    yield from reader.strays({Path(name).stem for name in images})


class _Reader:
    """Makes records of images, knowing the masks and boxes of each."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lesions = Lesions(folder)
        self._consensus = Consensus(folder, "shenzhen_consensus_roi.csv")
        masks = folder.names("mask/mask/*_mask.png")
        self._lungs = {Path(name).stem.removesuffix("_mask"): name for name in masks}

    def records(self, name: str) -> Iterator[Record]:
        stem = Path(name).stem
        image = self._folder.image(name, view="PA")
        yield Record(
            id=stem,
            dataset="shenzhen",
            patient=stem.rpartition("_")[0],
            study=stem,
            split="",
            images=(image,),
            turns=(*self._told(stem), *self._drawn(stem, image.size)),
            licence=SOURCE.licence,
        )

    def _told(self, stem: str) -> Iterator[Turn]:
        first, *rest = _tuberculosis.reading(self._folder, stem) or [""]
        if not rest:
            raise Unreadable("its reading lacks a line: sex and age, then what is seen")
        yield tuberculosis(_tuberculosis.by_digit(stem))
        yield from person(first)
        yield turns.report("impression", "\n".join(rest), _MOST_CHARS)

    def _drawn(self, stem: str, size: Size) -> Iterator[Turn]:
        if _tuberculosis.by_digit(stem) == "yes":
            yield from self._lesions.turns(stem, size)
        if stem in self._lungs:
            mask = read_mask(self._folder, self._lungs[stem], size)
            found = regions(_LUNGS, mask, _MOST_REGIONS)
            yield turns.outline("the lungs", (_LUNGS,), found, _MOST_REGIONS)
        yield from self._consensus.turns(stem, size)

    def strays(self, stems: set[str]) -> Iterator[Problem]:
        """Readings, masks and boxes about images that are not there."""
        readings = set(map(_tuberculosis.reading_of, stems))
        yield from self._folder.strays("ClinicalReadings/*.txt", readings)
        for stem in sorted(self._lungs.keys() - stems):
            yield Problem(file=self._lungs[stem], reason="its image is missing")
        yield from self._lesions.strays(stems)
        yield from self._consensus.strays(stems)


SOURCE = Source(
    name="shenzhen",
    about="Shenzhen chest radiographs: tuberculosis, readings, nineteen lesions, lungs",
    read=_read,
    marks=("CXR_png/CHNCXR_*.png", "ClinicalReadings"),
    licence="public domain (National Library of Medicine), citation asked; lung masks "
    "CC BY-NC-SA 4.0",
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/efcd05c206f2e9ece7edf79ce6d9615ba8b14935/"
        "docs/wiki/datasets/shenzhen_cxr.md",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC9645800",
    ),
    download=Download(
        files=(
            RemoteFile(
                name="ChinaSet_AllFiles.zip",
                url="https://openi.nlm.nih.gov/imgs/collections/ChinaSet_AllFiles.zip",
                size=3_770_205_534,
            ),
        )
    ),
    counts=MappingProxyType({"images": 662}),
)
