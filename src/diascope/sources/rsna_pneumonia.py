"""rsna_pneumonia: RSNA Pneumonia Detection Challenge, 29,684 radiographs of NIH ChestX-ray14.

    stage_2_train_labels.csv (patientId, x, y, width, height, Target: a row a box, or one without)
    stage_2_detailed_class_info.csv (patientId, class: repeated for every box)
    stage_2_train_images/<patientId>.dcm   stage_2_test_images/<patientId>.dcm

A record is one image: its class of three, whether lungs are opaque, a box round each opacity, and
view, sex and age out of the header. "No Lung Opacity / Not Normal" has no box and is not normal.
Labels of the test images were withheld. A patientId is one image and not NIH's number, so that
images of one patient can be in two splits; NIH ChestX-ray14 and SIIM-ACR hold the same images.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.answers import Box
from diascope.records import Record, Turn
from diascope.sources import turns
from diascope.sources._dicom import Radiograph, read_radiograph
from diascope.sources._lookup import Lookup, Told
from diascope.sources.folder import Folder, Line, Unreadable, number
from diascope.sources.source import Problem, Source

_LABELS, _CLASSES = "stage_2_train_labels.csv", "stage_2_detailed_class_info.csv"
_TRAIN, _TEST = "stage_2_train_images", "stage_2_test_images"
_SIDES = ("x", "y", "width", "height")
OPACITY = "Lung Opacity"
CLASSES = ("Normal", "No Lung Opacity / Not Normal", OPACITY)
_MOST = 8


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    rows: dict[str, list[Line]] = defaultdict(list)
    for line in folder.table(_LABELS, ("patientId", *_SIDES, "Target")):
        rows[line["patientId"]].append(line)
    classes = _classes(folder)
    for lines in rows.values():
        yield from folder.records(_LABELS, lines[0].number, _labelled, folder, lines, classes)
    yield from classes.strays(rows, f"its image is not in {_LABELS}")
    for name in folder.names(f"{_TRAIN}/*.dcm") + folder.names(f"{_TEST}/*.dcm"):
        if Path(name).stem not in rows:
            yield from folder.records(name, None, _unlabelled, folder, name)


def _classes(folder: Folder) -> Lookup[str]:
    return Lookup(
        (line["patientId"], Told(_CLASSES, line.number, line["class"]))
        for line in folder.table(_CLASSES, ("patientId", "class"))
    )


def _labelled(folder: Folder, lines: list[Line], classes: Lookup[str]) -> Iterator[Record]:
    """Of all rows about one image."""
    patient = lines[0]["patientId"]
    shown = read_radiograph(folder, f"{_TRAIN}/{patient}.dcm")
    boxes = [_box(line, shown) for line in lines if _is_opaque(line)]
    if boxes and len(boxes) < len(lines):
        raise Unreadable("Target is 1 in one of its rows and 0 in another")
    asked = [
        *_class(classes.get(patient)),
        turns.findings({OPACITY: "present" if boxes else "absent"}),
        turns.find("lung opacity", (OPACITY,), boxes, _MOST),
    ]
    yield shown.record(SOURCE, "train", asked)


def _unlabelled(folder: Folder, name: str) -> Iterator[Record]:
    shown = read_radiograph(folder, name)
    yield shown.record(SOURCE, "test" if name.startswith(_TEST) else "train", ())


def _class(told: str | None) -> Iterator[Turn]:
    if told and told not in CLASSES:
        raise Unreadable(f"its class in {_CLASSES} is none of {', '.join(CLASSES)}")
    if told:
        yield turns.which("What kind of image is it?", CLASSES, told)


def _is_opaque(line: Line) -> bool:
    if line["Target"] not in ("0", "1"):
        raise Unreadable(f"Target in row {line.number} is neither 0 nor 1")
    return line["Target"] == "1"


def _box(line: Line, shown: Radiograph) -> Box:
    """x and y of the upper left corner, width and height, in stored pixels."""
    x, y, width, height = (number(line[side], f"{side} in row {line.number}") for side in _SIDES)
    across, down = shown.scale
    return Box(
        label=OPACITY,
        x0=x * across,
        y0=y * down,
        x1=(x + width) * across,
        y1=(y + height) * down,
    )


SOURCE = Source(
    name="rsna_pneumonia",
    about="RSNA Pneumonia Detection: lung opacities boxed, three classes, view, sex and age",
    read=_read,
    marks=(_LABELS, _TRAIN),
    licence="RSNA and Kaggle competition rules: non-commercial research and education",
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "docs/wiki/datasets/rsna_pneumonia_kaggle.md",
        "https://github.com/sudishrestha/master_thesis/blob/"
        "0778615f50c1678f8bfe997e7ce92b22979f062a/stage_2_train_labels.csv",
    ),
    counts=MappingProxyType({"images": 29_684}),
)
