"""What a run may hold in memory, and what it keeps so as not to compute it again."""

from typing import Annotated, Literal

from pydantic import Field

from diascope.values import Value


class MemoryConfig(Value):
    """How much is held, and in which form. Nothing of it changes what is learnt but by rounding."""

    features_gb: Annotated[float, Field(ge=0)] = 2.0
    """What a vision tower that does not move says of pictures is kept up to this size, in 10^9
    bytes; 0 looks at every picture whenever it is drawn. Altered pictures are never kept."""
    features: str | None = None
    """Folder that it is kept in, for later runs as well; none keeps it in memory."""
    frozen: Literal["as_loaded", "bfloat16"] = "as_loaded"
    """What matrices and tables that move in no phase are held in; what moves stays as it is."""
    limit_gb: Annotated[float, Field(gt=0)] | None = None
    """What the process may take in 10^9 bytes; none takes what is free when the run begins. A
    forward pass that would take more is made in pieces, with the same gradient."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens of a piece at most, a single example excepted; none finds it by the limit."""
