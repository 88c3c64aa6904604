"""vindr_cxr: VinDr-CXR, 18,000 frontal (PA) chest radiographs, each read by several radiologists.

    annotations/image_labels_train.csv   a row for each image and reader (rad_id), 0 or 1 a label
    annotations/annotations_train.csv    a row a box, or a row of "No finding" without coordinates
    annotations/image_labels_test.csv, annotations_test.csv   the same, without a reader
    train/<image_id>.dicom   test/<image_id>.dicom

A record is one image. A training image has three readers: a label is present where two of them say
so and absent otherwise, and an object is there where two of them boxed it (see `_readers`). The
test set is told as five readers agreed on it. Boxes are corners in stored pixels. Diseases (COPD to
Other diseases) are never boxed; a finding of which labels and boxes do not agree whether it is
there (two readers, each in another place) is left out of the questions about boxes.
The set tells no patient: an image is one of its own, so that two images of one person may be in two
splits. Sex and age are asked where a header tells them; an age of 0 is taken for none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import MappingProxyType

from diascope.answers import Box, Status
from diascope.imaging.decode import read_header
from diascope.imaging.header import Header
from diascope.records import Image, Record, Turn
from diascope.sources import turns
from diascope.sources._age import years
from diascope.sources._elements import elements
from diascope.sources._vindr import FINDINGS, OTHER, Part
from diascope.sources.folder import Folder, Line
from diascope.sources.source import Problem, Source

_SEXES = {"F": "female", "M": "male"}
_MOST = 64
_PARTS = (Part("train", OTHER, readers=3), Part("test", "Other disease", readers=1))


def _read(root: Path) -> Iterator[Record | Problem]:
    folder = Folder(root)
    for part in _PARTS:
        yield from _read_part(folder, part)


def _read_part(folder: Folder, part: Part) -> Iterator[Record | Problem]:
    labels = _by_image(folder.table(part.label_table, part.label_columns))
    boxes = _by_image(folder.table(part.box_table, part.box_columns))
    for name, lines in labels.items():
        given = (folder, part, lines, boxes.get(name, []))
        yield from folder.records(part.label_table, lines[0].number, _records, *given)
    for name, drawn in boxes.items():
        if name not in labels:
            why = f"its image is in no row of {part.label_table}"
            yield Problem(file=part.box_table, row=drawn[0].number, reason=why)


def _by_image(lines: Iterable[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line["image_id"]].append(line)
    return found


def _records(folder: Folder, part: Part, lines: list[Line], drawn: list[Line]) -> Iterator[Record]:
    """Of all rows about one image."""
    name = lines[0]["image_id"]
    status = part.status(lines)
    path = f"{part.name}/{name}.dicom"
    header = read_header(folder.path(path))
    boxes = part.boxes(drawn, header.scale)
    yield Record(
        id=name,
        dataset="vindr_cxr",
        patient=name,
        study=name,
        split=part.name,
        images=(_image(path, header),),
        turns=(turns.findings(status), *_places(status, boxes), *_person(folder.path(path))),
        licence=SOURCE.licence,
        restricted=True,
    )


def _image(path: str, header: Header) -> Image:
    size = header.size
    return Image(
        path=path, width=size.width, height=size.height, view="PA", spacing_mm=header.spacing_mm
    )


def _places(status: dict[str, Status], boxes: list[Box]) -> Iterator[Turn]:
    """Where findings are, of those that labels and boxes agree about."""
    boxed = {box.label for box in boxes}
    known = [label for label in FINDINGS if (status[label] == "present") == (label in boxed)]
    shown = [box for label in known for box in boxes if box.label == label]
    yield turns.find_by_type("abnormality", known, shown, _MOST)
    for label in dict.fromkeys(box.label for box in shown):
        own = [box for box in shown if box.label == label]
        yield turns.where(f"the {label}", label, own, _MOST)


def _person(path: Path) -> Iterator[Turn]:
    told = elements(path, ("PatientSex", "PatientAge"))
    age = years(told["PatientAge"]) if told["PatientAge"] else None
    yield from turns.person(_SEXES.get(told["PatientSex"]), age or None)


SOURCE = Source(
    name="vindr_cxr",
    about="VinDr-CXR: 22 findings boxed by several readers, five diseases",
    read=_read,
    marks=("annotations/image_labels_train.csv", "annotations/annotations_train.csv", "train"),
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    restricted=True,
    witnesses=(
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "radharmony/harmonizer/vindr_cxr/vindr_cxr_test.py",
        "https://github.com/f10409/RadHarmony/blob/3510946afd2b4e54760c5eede1ede89114885767/"
        "radharmony/harmonizer/vindr_cxr/vindr_cxr_train.py",
        "https://physionet.org/content/vindr-cxr/1.0.0/",
    ),
    counts=MappingProxyType(
        {"images": 18_000, "images_train": 15_000, "images_test": 3_000, "readings_train": 45_000}
    ),
)
