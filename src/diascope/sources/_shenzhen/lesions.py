"""The outlined lesions: one picture each, named by its image, its type, and a running number."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import reduce
from pathlib import Path

import numpy as np

from diascope.answers import Mask
from diascope.errors import nearest
from diascope.geometry import Size
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._masks import read_mask, regions
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem

TYPES = (
    "Pleural_Effusion",
    "Apical_Thickening",
    "Single_Nodule_(non-calcified)",
    "Pleural_Thickening_(non-apical)",
    "Calcified_Nodule",
    "Small_Infiltrate_(non-linear)",
    "Cavity",
    "Linear_Density",
    "Severe_Infiltrate_(Consolidation)",
    "Thickening_of_interlobar_fissure",
    "Clustered_Nodule_(2mm-5mm_apart)",
    "Moderate_Infiltrate_(non-linear)",
    "Adenopathy",
    "Calcification_(other_than_nodule&lymphnod)",
    "Calcified_lymph_node",
    "Miliary",
    "Retraction",
    "Other",
    "Unknown",
)
_NAME = re.compile(r"(CHNCXR_\d+_[01])_(.+)_\d+")
"""A type may have underscores; the number runs over all lesions of an image."""
_MOST = 48


class Lesions:
    """The lesions of every image of the set."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for name in folder.names("Annotations/masks/*.png"):
            match = _NAME.fullmatch(Path(name).stem)
            image, kind = match.groups() if match else (name, "")
            self._files[image][kind].append(name)

    def turns(self, stem: str, size: Size) -> Iterator[Turn]:
        """Which types an image with tuberculosis has, and where; lesions of a type are united.

        Nothing where the folder of masks was not copied.
        """
        if not self._files:
            return
        found = self._files.get(stem, {})
        if unknown := found.keys() - set(TYPES):
            kind = min(unknown)
            raise Unreadable(f"unknown type of lesion {kind!r}{nearest(kind, TYPES)}")
        yield turns.findings({kind: "present" if kind in found else "absent" for kind in TYPES})
        masks = [
            mask
            for kind in TYPES
            if kind in found
            for mask in self._united(kind, found[kind], size)
        ]
        yield turns.outline("every abnormality", TYPES, masks, _MOST)

    def strays(self, stems: Collection[str]) -> Iterator[Problem]:
        """The pictures whose image is not there."""
        for image in sorted(self._files.keys() - set(stems)):
            for names in self._files[image].values():
                for name in names:
                    yield Problem(file=name, reason="its image is missing")

    def _united(self, kind: str, names: list[str], size: Size) -> tuple[Mask, ...]:
        masks = (read_mask(self._folder, name, size) for name in names)
        return regions(kind, reduce(np.logical_or, masks), _MOST)
