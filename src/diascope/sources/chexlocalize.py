"""chexlocalize: CheXlocalize, ten findings outlined on CheXpert's validation and test images.

    CheXpert/{val,test}_labels.csv   CheXpert/{val,test}/patient64541/study1/view1_frontal.jpg
    CheXlocalize/gt_segmentations_{val,test}.json: COCO run lengths by image and finding

A record is one study, its frontal images first: the fourteen labels, sex and age (val alone), and
for each image the outlines. The masks say "Airspace Opacity" for "Lung Opacity". They hold all ten
findings, with an empty mask where there is no contour: so a finding without one is none in this
image only where the study's label says absent; else it is unknown, and not asked (a lateral view of
a big heart). Labels are of the study, and masks overlap. The val part is CheXpert's own valid.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from diascope.answers import Labels, Mask
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources._chexpert import FINDINGS, findings_turn, person_turns, study_cells
from diascope.sources._masks import regions
from diascope.sources._rle import coco_mask
from diascope.sources._studies import Place, Study, StudyTable, something
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_NEVER_OUTLINED = ("No Finding", "Pneumonia", "Pleural Other", "Fracture")
_AS_OUTLINED = {
    finding: "Airspace Opacity" if finding == "Lung Opacity" else finding
    for finding in FINDINGS
    if finding not in _NEVER_OUTLINED
}
_COLUMNS = {"val": ("Path", *FINDINGS, "Sex", "Age", "AP/PA"), "test": ("Path", *FINDINGS)}
_MOST_REGIONS, _MOST = 4, 40
"""Of one finding, and of the ten."""


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    splits = [split for split in _COLUMNS if folder.has(_table(split))]
    if not splits:
        raise InputError(f"{root}: none of {', '.join(map(_table, _COLUMNS))} is in it")
    for split in splits:
        yield from _Part(folder, split).read()
    for split in _COLUMNS.keys() - splits:
        if folder.has(_masks(split)):
            yield Problem(file=_masks(split), reason=f"{_table(split)} is missing")


def _table(split: str) -> str:
    return f"CheXpert/{split}_labels.csv"


def _masks(split: str) -> str:
    return f"CheXlocalize/gt_segmentations_{split}.json"


def _key(path: str) -> str:
    """How masks name an image: patient, study and view; '' where there is no name."""
    *folders, view = PurePosixPath(path).parts[-3:] or ("",)
    return "_".join((*folders, PurePosixPath(view).stem))


class _Part:
    """One split: its table, and the masks of its images."""

    def __init__(self, folder: Folder, split: str) -> None:
        self._split = split
        self._folder = folder
        self._table = StudyTable(folder, _table(split), _COLUMNS[split], self._place)
        self._file = _masks(split)
        self._masks: Mapping[str, Any] = _object(folder, self._file)

    def read(self) -> Iterator[Record | Problem]:
        """Its studies, and the masks of images that are in none."""
        yield from self._table.records(self._records)
        listed = self._folder.table(self._table.file, ("Path",))
        known = {_key(line["Path"]) for line in listed}
        for place, key in enumerate(self._masks, start=1):
            if key not in known:
                reason = f"masks of an image that {self._table.file} does not list"
                yield Problem(file=self._file, row=place, reason=reason)

    def _place(self, line: Line) -> Place:
        """What goes before the patient in Path differs between the tables."""
        parts = PurePosixPath(line["Path"]).parts[-3:]
        if len(parts) < 3:
            raise Unreadable("its Path does not end in patient, study and view")
        patient, study, view = parts
        lateral = view.endswith("_lateral.jpg")
        return Place(
            patient=patient,
            study=f"{patient}/{study}",
            path=f"CheXpert/{self._split}/{patient}/{study}/{view}",
            view="LATERAL" if lateral else line.get("AP/PA") or None,
        )

    def _records(self, study: Study, _: Study | None) -> Iterator[Record]:
        labelled = tuple(findings_turn(study_cells(study)))
        absent = [
            finding
            for turn in labelled
            if isinstance(turn.answer, Labels)
            for finding in turn.answer.absent
        ]
        outlines = [
            turn.model_copy(update={"image": at})
            for at, image in enumerate(study.images)
            for turn in _outlined(self._masks.get(_key(image.path), {}), absent, image)
        ]
        yield Record(
            id=study.name,
            dataset="chexlocalize",
            patient=study.patient,
            study=study.name,
            split=self._split,
            images=study.images,
            turns=something((*labelled, *person_turns(study, "Sex", "Age"), *outlines)),
            licence=SOURCE.licence,
            restricted=True,
        )


def _object(folder: Folder, file: str) -> Mapping[str, Any]:
    found = folder.json(file)
    if not isinstance(found, dict):
        raise InputError(f"{file}: it is no object with masks by image; copy the file again")
    return found


def _outlined(found: Any, absent: Collection[str], image: Image) -> Iterator[Turn]:
    """One question about an image, of the findings that are outlined or known to be absent."""
    if not isinstance(found, dict):
        raise Unreadable("the masks of its image are no object by finding")
    masks = {
        label: _regions(label, found[label], image.size)
        for label in _AS_OUTLINED.values()
        if label in found
    }
    known = tuple(
        label for finding, label in _AS_OUTLINED.items() if masks.get(label) or finding in absent
    )
    if known:
        drawn = [mask for label in known for mask in masks.get(label, ())]
        yield turns.outline("every finding", known, drawn, _MOST)


def _regions(label: str, runs: Any, size: Size) -> tuple[Mask, ...]:
    if runs["size"] != [size.height, size.width]:
        raise Unreadable(f"the mask of {label!r} is of another size than its image")
    return regions(label, coco_mask(runs["counts"], size), _MOST_REGIONS)


SOURCE = Source(
    name="chexlocalize",
    about="CheXlocalize: ten findings of CheXpert's val and test images outlined by radiologists",
    read=_read,
    marks=("CheXlocalize/gt_segmentations_*.json", "CheXpert/*_labels.csv"),
    licence="Stanford University data set research use agreement",
    restricted=True,
    derived_from="chexpert",
    witnesses=(
        "https://github.com/rajpurkarlab/cheXlocalize/blob/"
        "0c841fc0a241ee89bb8871ba3ca945221994da26/README.md",
        "https://github.com/rajpurkarlab/cheXlocalize/blob/"
        "584f8822fa02c61c9e0cabe2af16ccd3254d3f6b/annotation_to_segmentation.py",
        "https://github.com/f10409/RadHarmony/blob/3c884b564f1c2351a084508b56fcbfe485d65537/"
        "docs/wiki/datasets/chexlocalize.md",
    ),
    counts=MappingProxyType({"images": 902, "patients": 700, "images_with_masks": 686}),
)
