"""The base of every value that crosses a file or a socket."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Frozen, hashable, strict: an unknown key or a wrong type is an error, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
