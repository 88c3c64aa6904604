"""Typed answers: the one value that annotations, predictions, scores, the API and the page share.

Geometry is always in pixels of the original image: x right, y down, corners x0 y0 x1 y1, the last
two exclusive. Nothing here knows how an answer is written; that is a codec's business.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from diascope.values import Value

Status = Literal["present", "absent", "uncertain"]
Point = tuple[FiniteFloat, FiniteFloat]


class Choice(Value):
    """One of the question's own options, by its text."""

    kind: Literal["choice"] = "choice"
    option: str


class Labels(Value):
    """What is known of a label set; a label named in none of the three is unknown, not absent."""

    kind: Literal["labels"] = "labels"
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_label_once(self) -> Self:
        named = self.present + self.absent + self.uncertain
        twice = sorted({label for label in named if named.count(label) > 1})
        if twice:
            raise ValueError(f"labels named more than once: {', '.join(twice)}")
        return self


class Number(Value):
    """A count or a measurement, in `unit` when it has one, with an interval when it is known."""

    kind: Literal["number"] = "number"
    value: FiniteFloat
    unit: str | None = None
    interval: tuple[FiniteFloat, FiniteFloat] | None = None


class Box(Value):
    """One labelled box with a positive area; the score is a confidence in [0, 1]."""

    label: str
    x0: FiniteFloat
    y0: FiniteFloat
    x1: FiniteFloat
    y1: FiniteFloat
    score: FiniteFloat | None = None

    @model_validator(mode="after")
    def _positive_area(self) -> Self:
        if not (self.x1 > self.x0 and self.y1 > self.y0):
            raise ValueError(f"box has no area: {self.corners}")
        return self

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in pixels of the original image."""
        return (self.x0, self.y0, self.x1, self.y1)


class Boxes(Value):
    """Every object of an image; empty means looked for and not found."""

    kind: Literal["boxes"] = "boxes"
    boxes: tuple[Box, ...] = ()

    def by_label(self) -> dict[str, tuple[Box, ...]]:
        """The boxes grouped by label, labels in order of first appearance."""
        groups: dict[str, tuple[Box, ...]] = {}
        for box in self.boxes:
            groups[box.label] = (*groups.get(box.label, ()), box)
        return groups


class Mask(Value):
    """One labelled region as a simple polygon of (x, y) vertices, at least three."""

    label: str
    polygon: Annotated[tuple[Point, ...], Field(min_length=3)]
    score: FiniteFloat | None = None

    @property
    def doubled_area(self) -> float:
        """Twice the area, positive where the vertices run clockwise on the screen."""
        following = self.polygon[1:] + self.polygon[:1]
        pairs = zip(self.polygon, following, strict=True)
        return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the smallest box that holds it."""
        xs, ys = zip(*self.polygon, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


class Masks(Value):
    """Every region of an image; empty means looked for and not found."""

    kind: Literal["masks"] = "masks"
    masks: tuple[Mask, ...] = ()


class Text(Value):
    """Words, and where in the image they are grounded when that is known."""

    kind: Literal["text"] = "text"
    text: str
    evidence: Boxes | None = None


class Finding(Value):
    """One radiological finding and what is said of it."""

    name: str
    status: Status
    probability: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    evidence: Boxes | None = None


class Findings(Value):
    """A findings list; a finding not named in it is unknown."""

    kind: Literal["findings"] = "findings"
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="after")
    def _each_finding_once(self) -> Self:
        names = [finding.name for finding in self.findings]
        if len(set(names)) < len(names):
            raise ValueError("a finding is named more than once")
        return self


Answer = Annotated[
    Choice | Labels | Number | Boxes | Masks | Text | Findings, Field(discriminator="kind")
]
