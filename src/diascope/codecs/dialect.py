"""A dialect: how a model family spells geometry."""

from typing import Literal

from diascope.geometry import BoxFormat
from diascope.values import Value


class Dialect(Value):
    """`loc` writes native <locNNNN> tokens, `json` writes numbers in `box_format` under `box_key`.

    A convention that the record's own question states goes before the family's.
    """

    name: Literal["loc", "json"]
    box_format: BoxFormat = BoxFormat(order="yxyx", space="permille")
    box_key: str = "box_2d"
