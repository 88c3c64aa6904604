"""siim_pneumothorax: SIIM-ACR Pneumothorax Segmentation, stage 1: radiographs of NIH ChestX-ray14.

    train-rle.csv (ImageId, EncodedPixels: several rows for one image, or -1)
    dicom-images-train/<study>/<series>/<ImageId>.dcm   dicom-images-test/

A record is one image: pneumothorax or not, its outline, and view, sex and age out of the header. A
run begins so many pixels after the end of the run before, down the columns, and not at a pixel's
number as Kaggle has it elsewhere. Rows of one image are united. -1 is a negative; an image without
a row was not read, and its label is unknown, as are those of the test images. RSNA's set and NIH
ChestX-ray14 hold the same images. Stage 2 has other names and is not read.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from types import MappingProxyType

import numpy as np

from diascope.answers import Mask
from diascope.geometry import Size
from diascope.records import Record
from diascope.sources import turns
from diascope.sources._dicom import Radiograph, read_radiograph
from diascope.sources._masks import Pixels, regions
from diascope.sources._rle import skipping_mask
from diascope.sources.folder import Folder, Line, Unreadable
from diascope.sources.source import Problem, Source

_TABLE = "train-rle.csv"
_TRAIN, _TEST = "dicom-images-train", "dicom-images-test"
PNEUMOTHORAX = "Pneumothorax"
_NEGATIVE = "-1"
_MOST = 8


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    rows: dict[str, list[Line]] = defaultdict(list)
    for line in folder.table(_TABLE, ("ImageId", "EncodedPixels")):
        rows[line["ImageId"]].append(line)
    places = {Path(name).stem: name for name in folder.names(f"{_TRAIN}/*/*/*.dcm")}
    for image, lines in rows.items():
        place = places.get(image, f"{_TRAIN}/{image}.dcm")
        yield from folder.records(_TABLE, lines[0].number, _labelled, folder, place, lines)
    unread = [name for image, name in places.items() if image not in rows]
    for name in unread + folder.names(f"{_TEST}/*/*/*.dcm"):
        yield from folder.records(name, None, _unlabelled, folder, name)


def _labelled(folder: Folder, name: str, lines: list[Line]) -> Iterator[Record]:
    """Of all rows about one image."""
    shown = read_radiograph(folder, name)
    drawn = [line for line in lines if line["EncodedPixels"] != _NEGATIVE]
    if drawn and len(drawn) < len(lines):
        raise Unreadable("-1 in one of its rows and runs in another")
    masks = _masks(drawn, shown) if drawn else ()
    asked = (
        turns.findings({PNEUMOTHORAX: "present" if drawn else "absent"}),
        turns.outline("every pneumothorax", (PNEUMOTHORAX,), masks, _MOST),
    )
    yield shown.record(SOURCE, "train", asked)


def _unlabelled(folder: Folder, name: str) -> Iterator[Record]:
    shown = read_radiograph(folder, name)
    yield shown.record(SOURCE, "test" if name.startswith(_TEST) else "train", ())


def _masks(lines: list[Line], shown: Radiograph) -> tuple[Mask, ...]:
    """The regions of all rows together, from stored pixels to pixels as read."""
    across, down = shown.scale
    mask = reduce(np.logical_or, (_mask(line, shown.stored) for line in lines))
    found = regions(PNEUMOTHORAX, mask, _MOST)
    if not found:
        raise Unreadable("a mask without a pixel; a negative is written -1")
    return tuple(
        Mask(label=one.label, polygon=tuple((x * across, y * down) for x, y in one.polygon))
        for one in found
    )


def _mask(line: Line, size: Size) -> Pixels:
    try:
        return skipping_mask(line["EncodedPixels"], size)
    except Unreadable as error:
        raise Unreadable(f"EncodedPixels in row {line.number}: {error}") from None


SOURCE = Source(
    name="siim_pneumothorax",
    about="SIIM-ACR Pneumothorax Segmentation: pneumothorax outlined, view, sex and age",
    read=_read,
    marks=(_TABLE, _TRAIN),
    licence="Kaggle competition rules",
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "docs/wiki/datasets/siim_acr_ptx.md",
        "https://github.com/srivatsav09/pneumothorax-detection-unet/blob/"
        "c0b0a4f666527cbb944c607c926d3dcb04939938/train-rle.csv",
    ),
    counts=MappingProxyType({"images": 10_712}),
)
