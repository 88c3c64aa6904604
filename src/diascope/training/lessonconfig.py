"""What a phase teaches a vision tower before there are answers: labels, or which text is which's.

[[phases]]
name = "abnormal"
kind = "labels"
train = ["vision"]
labels = { ask = "abnormal" }
duration = { epochs = 1 }

[[phases]]
name = "alignment"
kind = "contrastive"
train = ["vision"]
contrastive = { loss = "siglip", text = { kind = "transformer" } }
duration = { epochs = 5 }
"""

from typing import Annotated, Literal

from pydantic import Field

from diascope.values import Value

Kind = Literal["answers", "labels", "contrastive"]
"""`answers` are written by the whole model; the others teach its vision tower alone."""

Count = Annotated[int, Field(ge=1)]


class LabelsConfig(Value):
    """Of a phase of kind `labels`."""

    ask: Literal["labels", "abnormal"] = "labels"
    """Every label by itself, or whether a picture is abnormal at all."""
    normal: tuple[str, ...] = ("no finding", "normal")
    """abnormal: labels and options that say there is nothing; large and small letters are one."""
    aside: tuple[str, ...] = ("support devices", "device")
    """abnormal: labels that make no picture abnormal."""


class TextConfig(Value):
    """What reads the texts that pictures are compared with."""

    kind: Literal["embeddings", "transformer"] = "embeddings"
    """The mean of the language model's embeddings, or a small encoder with its own."""
    tokens: Count = 128
    """Tokens read of a text; the rest is cut off."""
    width: Annotated[int, Field(ge=64, multiple_of=64)] = 256
    """transformer: numbers a token, 64 a head."""
    layers: Count = 4
    """transformer."""


class ContrastiveConfig(Value):
    """Of a phase of kind `contrastive`."""

    loss: Literal["clip", "siglip"] = "clip"
    """A softmax over the texts and over the pictures of a forward pass (arXiv 2103.00020), or a
    yes or no for every pair of them (arXiv 2303.15343)."""
    texts: Annotated[tuple[Literal["reports", "labels"], ...], Field(min_length=1)] = (
        "reports",
        "labels",
    )
    """Which answers are texts for their pictures."""
    width: Count = 256
    """Numbers of the space in which pictures and texts are compared."""
    text: TextConfig = TextConfig()
