"""mask_png: a folder of pictures and a folder of masks, whatever was drawn.

    images/p01.png   masks/p01.png (or p01_mask.png, or another suffix)   classes.txt

A record is one image: what its mask outlines. Every folder with `images` and `masks` in it is a set
of its own. Where classes.txt has several lines, a mask's values are numbers of its lines, the first
(number 0) being the background; 255 is void and no class, and a palette is for show. Otherwise what
is not 0 is set, in a JPEG what is at least half way to white, and the one line of classes.txt says
what it is. Whether two spots are two things is not told: every connected region is outlined.
A black mask says that nothing is there; an image without a mask, of which nothing is known, is a
problem, and so is a mask without an image. There are neither patients nor splits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath

import numpy as np

from diascope.answers import Mask
from diascope.errors import InputError
from diascope.imaging.decode import read_grey
from diascope.records import Record
from diascope.sources import turns
from diascope.sources._masks import read_numbers, regions
from diascope.sources._objects import lone
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

_UNNAMED = "foreground"
_VOID = 255
_MOST_REGIONS = 16
"""Of one class: smaller regions than the sixteen largest are specks of the drawing."""
_JPEG = b"\xff\xd8"


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    places = [PurePosixPath(name).parents[1] for name in folder.names("**/masks/*")]
    if not places:
        raise InputError(f"{root}: no folder `masks` with files is in it")
    for place in dict.fromkeys(map(str, places)):
        yield from _Set(folder, place).items()


class _Set:
    """One pair of folders and the names of what is drawn."""

    def __init__(self, folder: Folder, place: str) -> None:
        self._folder = folder
        masks = folder.names(f"{escape(place)}/masks/*")
        self._images = folder.names(f"{escape(place)}/images/*")
        self._masks = {PurePosixPath(name).stem.removesuffix("_mask"): name for name in masks}
        classes = str(PurePosixPath(place) / "classes.txt")
        lines = folder.text(classes).splitlines() if folder.has(classes) else []
        names = [line.strip() for line in lines if line.strip()]
        self._reader = _Indexed(tuple(names)) if len(names) > 1 else _Binary(*names)

    def items(self) -> Iterator[Record | Problem]:
        """A record for each image with a mask, and a problem for what is without the other."""
        stems = [PurePosixPath(name).stem for name in self._images]
        for name, stem in zip(self._images, stems, strict=True):
            if stem in self._masks:
                mask = self._masks[stem]
                yield from self._folder.records(mask, None, self._records, name, mask)
            else:
                why = (
                    "it has no mask; leave it out, or add a black one if nothing is to be outlined"
                )
                yield Problem(file=name, reason=why)
        for stem in sorted(self._masks.keys() - set(stems)):
            yield Problem(file=self._masks[stem], reason="its image is missing")

    def _records(self, name: str, mask: str) -> Iterator[Record]:
        image, drawn = self._folder.image(name), self._folder.image(mask)
        if image.size != drawn.size:
            sizes = f"{drawn.width} x {drawn.height}, its image {image.width} x {image.height}"
            raise Unreadable(f"it is {sizes}")
        labels = self._reader.labels
        found = tuple(self._reader.masks(self._folder.path(mask)))
        what = f"every {labels[0]}" if len(labels) == 1 else "every region"
        asked = turns.outline(what, labels, found, _MOST_REGIONS * len(labels))
        yield lone("mask_png", image, "", [asked])


@dataclass(frozen=True)
class _Binary:
    """Masks of one thing, which is named where the set names it."""

    label: str = _UNNAMED

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.label,)

    def masks(self, path: Path) -> Iterator[Mask]:
        with path.open("rb") as file:
            least = 128 if file.read(len(_JPEG)) == _JPEG else 1
        yield from regions(self.label, read_grey(path) >= least, _MOST_REGIONS)


@dataclass(frozen=True)
class _Indexed:
    """Masks whose values are classes; `classes` has the background first."""

    classes: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return self.classes[1:]

    def masks(self, path: Path) -> Iterator[Mask]:
        values = read_numbers(path)
        for value in np.unique(values[(values != 0) & (values != _VOID)]):
            if not 0 < value < len(self.classes):
                raise Unreadable(f"its value {value} has no name in classes.txt")
            yield from regions(self.classes[value], values == value, _MOST_REGIONS)


SOURCE = Source(
    name="mask_png",
    about="pictures and masks in two folders, with classes by number or without",
    read=_read,
    marks=("**/classes.txt", "**/images/*", "**/masks/*"),
    licence="a layout",
    witnesses=(
        "https://github.com/open-mmlab/mmsegmentation/blob/"
        "5d49918b3c48df5544213562aa322bfa89d67ef1/mmseg/datasets/custom.py",
        "https://docs.cvat.ai/docs/dataset_management/formats/format-smask",
    ),
)
