"""How a composed model is put together, as a value: its parts, its projector, its words."""

from typing import Annotated, Any, Literal

from pydantic import Field

from diascope.codecs.dialect import Dialect
from diascope.geometry import BoxFormat, Fit
from diascope.values import Value

PERCENT = Dialect(name="json", box_format=BoxFormat(order="xyxy", space="percent"), box_key="bbox")


class Source(Value):
    """Where a part comes from: a local folder, or random weights of a given architecture."""

    path: str | None = None
    """`tiny` means that part of the model that ships with the package."""
    scratch: dict[str, Any] | None = None
    """Fields of a transformers configuration, `model_type` among them."""
    tokenizer: str | None = None
    """Folder of the tokenizer of a language model that has none beside its weights; or `tiny`."""


class ProjectorConfig(Value):
    """Which projector, and how large."""

    kind: Literal["linear", "mlp", "c_abstractor", "resampler"] = "mlp"
    tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens a picture becomes; a square number for the C-Abstractor. None keeps the encoder's,
    which linear and mlp always do."""
    hidden: Annotated[int, Field(ge=1)] = 1024
    """Channels of the C-Abstractor, width of the resampler."""
    depth: Annotated[int, Field(ge=0)] = 3
    """Blocks of each stage of the C-Abstractor, layers of the resampler."""
    mlp_depth: Annotated[int, Field(ge=1)] = 2
    """Layers of the MLP at the end."""


class Composition(Value):
    """How a model is put together."""

    vision: Source
    language: Source
    projector: ProjectorConfig = ProjectorConfig()
    chat: Literal["mistral", "llama2", "chatml", "plain"] = "plain"
    fit: Fit = "crop"
    """Shortest edge to the canvas and the middle of the longer one, as both systems did."""
    dialect: Dialect = PERCENT
