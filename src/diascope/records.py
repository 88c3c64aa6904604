"""A Record: a conversation about one or more images of one patient, as it lies on disk.

Pixels stay in their files; a Record names them by a path relative to the folder its own file lies
in. A single question is a record of one turn. How records are kept on disk is in `recordfile`.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, FiniteFloat, field_validator

from diascope.answers import Answer
from diascope.expectations import Expectation
from diascope.geometry import Size
from diascope.values import Value

Positive = Annotated[FiniteFloat, Field(gt=0)]


class Image(Value):
    """One picture, or one frame of a file, and the part it plays in the conversation."""

    path: str
    """Relative to the folder of the record file, with forward slashes."""
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    role: str = "main"
    """main, lateral, prior, ... : what the picture is to the question."""
    study: str | None = None
    view: str | None = None
    sha256: str | None = None
    frame_index: Annotated[int, Field(ge=0)] | None = None
    spacing_mm: tuple[Positive, Positive] | None = None
    """Size of a pixel along x and y, millimetres."""

    @field_validator("path")
    @classmethod
    def _inside_its_folder(cls, path: str) -> str:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(f"image path must stay inside the record's folder: {path!r}")
        return path

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return Size(self.width, self.height)


class Context(Value):
    """A text that comes with the images: an indication, the report of a prior study."""

    role: str
    text: str
    study: str | None = None


class Turn(Value):
    """One question, what it expects, and the true answer where it is known."""

    task: str
    question: str
    expects: Expectation
    answer: Answer | None = None
    image: Annotated[int, Field(ge=0)] = 0
    """Which of the record's images the answer's geometry is measured in."""


class Record(Value):
    """One conversation. `restricted` data never leaves the machine."""

    id: str
    dataset: str
    patient: str
    study: str
    split: str
    images: Annotated[tuple[Image, ...], Field(min_length=1)]
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    context: tuple[Context, ...] = ()
    licence: str = "unknown"
    restricted: bool = False
    metadata: dict[str, str] = Field(default_factory=dict)

    @field_validator("turns")
    @classmethod
    def _known_images(cls, turns: tuple[Turn, ...], info: object) -> tuple[Turn, ...]:
        images = getattr(info, "data", {}).get("images", ())
        for turn in turns:
            if images and turn.image >= len(images):
                raise ValueError(f"turn asks about image {turn.image} of {len(images)}")
        return turns

    def __hash__(self) -> int:
        return hash(self.id)  # metadata is a dict and cannot be hashed

    def cases(self) -> tuple["Case", ...]:
        """One case a turn, in order."""
        return tuple(Case(self, index) for index in range(len(self.turns)))


@dataclass(frozen=True)
class Case:
    """One turn in its record: the unit that is trained on, asked, and scored."""

    record: Record
    index: int

    @property
    def id(self) -> str:
        """Unique over a record file: the record's id, and the turn's number."""
        return f"{self.record.id}#{self.index}"

    @property
    def turn(self) -> Turn:
        """The question asked."""
        return self.record.turns[self.index]

    @property
    def image(self) -> Image:
        """The image that the answer's geometry is measured in."""
        return self.record.images[self.turn.image]

    @property
    def truth(self) -> Answer:
        """The true answer; ValueError where the record has none."""
        if self.turn.answer is None:
            raise ValueError(f"{self.id} has no true answer")
        return self.turn.answer
