"""What a question expects: the closed world that its answer must lie in.

A grammar is built from an expectation alone, so everything that bounds a reply is here: options,
labels, the range of a number, how boxes are spelt, how many there may be, how long a text is.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from diascope.geometry import BoxFormat
from diascope.values import Value

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Options(Value):
    """One of the question's own options, answered by its letter or its text."""

    kind: Literal["options"] = "options"
    options: Names
    style: Literal["letters", "texts"] = "texts"


class LabelSet(Value):
    """Any subset of the labels; a label may contain commas. `none` spells the empty set."""

    kind: Literal["label_set"] = "label_set"
    labels: Names
    none: str = "none"


class Range(Value):
    """A number between two bounds, both included, with so many decimals; 0 means a count."""

    kind: Literal["range"] = "range"
    low: FiniteFloat = 0.0
    high: FiniteFloat
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    unit: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"range is empty: {self.low} to {self.high}")
        return self


class BoxSpace(Value):
    """At most `limit` boxes with these labels.

    `format` is the convention the record's own question states for boxes in JSON; None leaves it to
    the model family. `by_class` asks for one list per label in place of one list of labelled boxes.
    """

    kind: Literal["box_space"] = "box_space"
    labels: Names
    limit: Annotated[int, Field(ge=1)] = 16
    format: BoxFormat | None = None
    by_class: bool = False


class MaskSpace(Value):
    """At most `limit` regions with these labels, each a polygon of 3 to `vertices` vertices."""

    kind: Literal["mask_space"] = "mask_space"
    labels: Names
    limit: Annotated[int, Field(ge=1)] = 4
    vertices: Annotated[int, Field(ge=3)] = 16


class FindingList(Value):
    """Any of these findings, each present or uncertain; what is not listed is absent."""

    kind: Literal["finding_list"] = "finding_list"
    names: Names


class Free(Value):
    """Words, at most so many characters."""

    kind: Literal["free"] = "free"
    max_chars: Annotated[int, Field(ge=1)] = 400


Expectation = Annotated[
    Options | LabelSet | Range | BoxSpace | MaskSpace | FindingList | Free,
    Field(discriminator="kind"),
]
