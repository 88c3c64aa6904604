"""What counting and regression share: prompt, codec and metrics of a number in a range."""

import math
from typing import Any

from diascope.answers import Answer, Number
from diascope.codecs.codec import Codec
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.dialect import Dialect
from diascope.codecs.whole_number import WholeNumber
from diascope.expectations import Range
from diascope.geometry import CanvasMap
from diascope.metrics import numbers as metric
from diascope.metrics.sums import Array, Row, Sums
from diascope.records import Case, Turn
from diascope.tasks._prompts import says
from diascope.tasks.task import asked, truth


def number_prompt(turn: Turn, dialect: Dialect) -> str:
    """The question, and the unit where it is known and the question leaves it out."""
    unit = asked(turn, Range).unit
    said = unit is None or says(turn.question, unit)
    return turn.question if said else f"{turn.question} in {unit}"


def number_codec(turn: Turn, dialect: Dialect, canvas: CanvasMap) -> Codec[Any]:
    """The format of the range that the turn expects."""
    return range_codec(asked(turn, Range))


def range_codec(span: Range) -> WholeNumber | DecimalNumber:
    """A whole number where no decimals are asked."""
    if span.decimals == 0:
        return WholeNumber(math.ceil(span.low), math.floor(span.high), span.unit)
    return DecimalNumber(span.low, span.high, span.decimals, span.unit)


def measure_number(case: Case, answer: Answer | None) -> Row:
    """The error of one case; an invalid reply is as far off as the range allows."""
    span = asked(case.turn, Range)
    reply = answer.value if isinstance(answer, Number) else None
    return metric.row(truth(case, Number).value, reply, span.low, span.high)


def summarise_numbers(sums: Sums) -> dict[str, Array]:
    """MAE, RMSE, R2, and the shares within fixed distances."""
    errors = {
        "mae": metric.mean_absolute_error(sums),
        "rmse": metric.root_mean_squared_error(sums),
        "r2": metric.r_squared(sums),
    }
    return errors | {f"within_{k}": metric.within(sums, k) for k in metric.WITHIN}
