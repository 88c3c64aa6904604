"""chestx_det: ChestX-Det and ChestX-Det10, lesions drawn on images of NIH ChestX-ray14.

    ChestX-Det-Dataset/ChestX_Det_{train,test}.json   ChestX-Det-Dataset/{train,test}/36204.png
    ChestX-Det10-Dataset/{train,test}.json   ChestX-Det10-Dataset/images/00000042_006.png

Two releases, either of which may be missing; a file lists images with parallel lists `syms`,
`boxes` (x0, y0, x1, y1) and, in ChestX-Det alone, `polygons`. A record is one image: which findings
of thirteen (of ten in ChestX-Det10: the other three were not looked for) there are, a box round
each, and its outline. Empty lists are a negative for all. Two findings may be one region.
ChestX-Det's names hide the patient, so that an image is its own; ChestX-Det10's are NIH's. Both
releases annotate mostly the same images, under other names and in other splits.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from diascope.answers import Box, Mask, Status
from diascope.errors import InputError, nearest
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem, Source

FINDINGS = (
    "Atelectasis",
    "Calcification",
    "Cardiomegaly",
    "Consolidation",
    "Diffuse Nodule",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Fracture",
    "Mass",
    "Nodule",
    "Pleural Thickening",
    "Pneumothorax",
)
_NEW = ("Cardiomegaly", "Diffuse Nodule", "Pleural Thickening")
_OLD_FINDINGS = tuple(finding for finding in FINDINGS if finding not in _NEW)
_MOST = 64


class _Part(NamedTuple):
    """One list of images, where they lie, and what was looked for in them."""

    file: str
    images: str
    split: str
    findings: Sequence[str]
    has_polygons: bool


_PARTS = (
    *(
        _Part(
            f"ChestX-Det-Dataset/ChestX_Det_{split}.json",
            f"ChestX-Det-Dataset/{split}",
            split,
            FINDINGS,
            has_polygons=True,
        )
        for split in ("train", "test")
    ),
    *(
        _Part(
            f"ChestX-Det10-Dataset/{split}.json",
            "ChestX-Det10-Dataset/images",
            split,
            _OLD_FINDINGS,
            has_polygons=False,
        )
        for split in ("train", "test")
    ),
)


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    parts = [part for part in _PARTS if folder.has(part.file)]
    if not parts:
        raise InputError(f"{root}: none of {', '.join(part.file for part in _PARTS)} is in it")
    for part in parts:
        items = folder.json(part.file)
        if not isinstance(items, list):
            raise InputError(f"{part.file}: it is no list of images; copy the file again")
        for number, item in enumerate(items, start=1):
            yield from folder.records(part.file, number, _records, folder, part, item)


def _records(folder: Folder, part: _Part, item: Any) -> Iterator[Record]:
    name = item.get("file_name") if isinstance(item, dict) else None
    if not isinstance(name, str):
        raise Unreadable("it has no 'file_name'")
    stem = Path(name).stem
    yield Record(
        id=f"{part.file.partition('/')[0]}/{stem}",
        dataset="chestx_det",
        patient=stem.partition("_")[0],
        study=stem,
        split=part.split,
        images=(folder.image(f"{part.images}/{name}"),),
        turns=tuple(_turns(part, item)),
        licence=SOURCE.licence,
    )


def _turns(part: _Part, item: dict[str, Any]) -> Iterator[Turn]:
    symptoms = _symptoms(part, item)
    boxes = [_box(*pair) for pair in zip(symptoms, _parallel(item, "boxes", symptoms), strict=True)]
    status: dict[str, Status] = {
        finding: "present" if finding in symptoms else "absent" for finding in part.findings
    }
    yield turns.findings(status)
    yield turns.find_by_type("abnormality", part.findings, boxes, _MOST)
    if part.has_polygons:
        polygons = zip(symptoms, _parallel(item, "polygons", symptoms), strict=True)
        masks = [_mask(*pair) for pair in polygons]
        yield turns.outline("every abnormality", part.findings, masks, _MOST)
    for finding in dict.fromkeys(symptoms):
        own = [box for box in boxes if box.label == finding]
        yield turns.where(f"the {finding.lower()}", finding, own, _MOST)


def _symptoms(part: _Part, item: dict[str, Any]) -> list[str]:
    symptoms = item.get("syms")
    if not isinstance(symptoms, list):
        raise Unreadable("it has no list 'syms'")
    for each in symptoms:
        if each not in part.findings:
            raise Unreadable(f"unknown finding {each!r}{nearest(str(each), part.findings)}")
    return symptoms


def _parallel(item: dict[str, Any], key: str, symptoms: list[str]) -> list[Any]:
    found = item.get(key)
    if not isinstance(found, list) or len(found) != len(symptoms):
        raise Unreadable(f"{key!r} is no list as long as 'syms'")
    return found


def _box(label: str, corners: Any) -> Box:
    x0, y0, x1, y1 = _numbers(corners, 4, "box")
    return Box(label=label, x0=x0, y0=y0, x1=x1, y1=y1)


def _mask(label: str, polygon: Any) -> Mask:
    """Some polygons are closed by their first point, which is left out."""
    if not isinstance(polygon, list):
        raise Unreadable("a polygon is no list of points")
    points = [_numbers(point, 2, "point of a polygon") for point in polygon]
    closed = len(points) > 1 and points[0] == points[-1]
    return Mask(label=label, polygon=tuple((x, y) for x, y in points[: -1 if closed else None]))


def _numbers(found: Any, count: int, what: str) -> list[float]:
    if not isinstance(found, list) or len(found) != count:
        raise Unreadable(f"a {what} has not {count} numbers")
    if not all(isinstance(value, int | float) for value in found):
        raise Unreadable(f"a {what} has something that is no number")
    return [float(value) for value in found]


SOURCE = Source(
    name="chestx_det",
    about="ChestX-Det and ChestX-Det10: thirteen findings, each lesion boxed and outlined",
    read=_read,
    marks=("ChestX-Det*-Dataset/*train.json",),
    licence="not stated by either release; images of NIH ChestX-ray14",
    derived_from="nih_cxr14",
    patient_spelling=r"(0\d{7})",  # ChestX-Det's own numbers are images', not patients'
    witnesses=(
        "https://github.com/Deepwise-AILab/ChestX-Det-Dataset/tree/"
        "20bbed2aa62812f24f78ac0f6e674deb6286242c",
        "https://github.com/Deepwise-AILab/ChestX-Det10-Dataset/tree/"
        "0a9d918fc2974369b7346598eacdff5e5fb9f28c",
    ),
    counts=MappingProxyType({"images": 7_121}),
)
