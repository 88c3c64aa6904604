"""VinDr-CXR's annotations: what each reader says and boxes, made one."""

from collections.abc import Sequence
from dataclasses import dataclass

from diascope.answers import Box, Status
from diascope.errors import nearest
from diascope.imaging.header import Scale
from diascope.sources._readers import Drawn, agreed
from diascope.sources.folder import Line, Unreadable, number

FINDINGS = (
    "Aortic enlargement",
    "Atelectasis",
    "Calcification",
    "Cardiomegaly",
    "Clavicle fracture",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Enlarged PA",
    "ILD",
    "Infiltration",
    "Lung Opacity",
    "Lung cavity",
    "Lung cyst",
    "Mediastinal shift",
    "Nodule/Mass",
    "Pleural effusion",
    "Pleural thickening",
    "Pneumothorax",
    "Pulmonary fibrosis",
    "Rib fracture",
    "Other lesion",
)
OTHER = "Other diseases"
DISEASES = ("COPD", "Lung tumor", "Pneumonia", "Tuberculosis", OTHER)
LABELS = (*FINDINGS, *DISEASES)
NOTHING = "No finding"
CORNERS = ("x_min", "y_min", "x_max", "y_max")
_SAID = {"0": False, "1": True, "0.0": False, "1.0": True}


@dataclass(frozen=True)
class Part:
    """One of the set's two parts; `other` is how its table spells "Other diseases"."""

    name: str
    other: str
    readers: int

    @property
    def label_table(self) -> str:
        """A row for each image and reader."""
        return f"annotations/image_labels_{self.name}.csv"

    @property
    def box_table(self) -> str:
        """A row for each box, and one for each image and reader without."""
        return f"annotations/annotations_{self.name}.csv"

    @property
    def label_columns(self) -> tuple[str, ...]:
        """What its table of labels has at least."""
        return *self.by, *(self.column(label) for label in (*LABELS, NOTHING))

    @property
    def box_columns(self) -> tuple[str, ...]:
        """What its table of boxes has at least."""
        return *self.by, "class_name", *CORNERS

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that tell image and reader."""
        return ("image_id", "rad_id") if self.readers > 1 else ("image_id",)

    @property
    def quorum(self) -> int:
        """How many readers make a thing true: most of them."""
        return self.readers // 2 + 1

    def column(self, label: str) -> str:
        """How the table of labels spells a label."""
        return self.other if label == OTHER else label

    def status(self, lines: Sequence[Line]) -> dict[str, Status]:
        """Each label by the vote of the readers; Unreadable where one of them is missing."""
        readers = {line.get("rad_id") for line in lines}
        if not len(lines) == len(readers) == self.readers:
            what = f"{len(lines)} rows of {len(readers)} readers"
            raise Unreadable(f"{what} are about its image, in place of {self.readers}")
        named = [self._named(line) for line in lines]
        return {
            label: "present" if sum(label in each for each in named) >= self.quorum else "absent"
            for label in LABELS
        }

    def boxes(self, lines: Sequence[Line], scale: Scale) -> list[Box]:
        """What enough readers boxed, in pixels of the image as read."""
        return agreed([_drawn(line, scale) for line in lines if _is_box(line)], self.quorum)

    def _named(self, line: Line) -> set[str]:
        """The labels that one row says are there."""
        named = {label for label in (*LABELS, NOTHING) if _said(line, self.column(label))}
        if NOTHING in named and len(named) > 1:
            raise Unreadable(f"row {line.number} says {NOTHING!r} and a finding")
        return named


def _said(line: Line, column: str) -> bool:
    if line[column] not in _SAID:
        raise Unreadable(f"{column!r} in row {line.number} is neither 0 nor 1")
    return _SAID[line[column]]


def _is_box(line: Line) -> bool:
    """Whether the row is of an object; Unreadable where "No finding" has coordinates."""
    if line["class_name"] != NOTHING:
        return True
    if any(line[corner] for corner in CORNERS):
        raise Unreadable(f"{NOTHING!r} has coordinates, in an annotation on line {line.number}")
    return False


def _drawn(line: Line, scale: Scale) -> Drawn:
    label = line["class_name"]
    where = f"in the annotation on line {line.number}"
    if label not in FINDINGS:
        raise Unreadable(f"unknown finding {label!r} {where}{nearest(label, FINDINGS)}")
    x0, y0, x1, y1 = (number(line[corner], f"{corner} {where}") for corner in CORNERS)
    if not (x0 < x1 and y0 < y1):
        raise Unreadable(f"the box has no area {where}")
    box = Box(label=label, x0=x0 * scale.x, y0=y0 * scale.y, x1=x1 * scale.x, y1=y1 * scale.y)
    return Drawn(line.get("rad_id"), box)
