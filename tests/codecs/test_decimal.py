import pytest

from diascope.answers import Number
from diascope.codecs.codec import ParseError
from diascope.codecs.decimal import DecimalNumber
from diascope.errors import InputError

CODEC = DecimalNumber(-1.5, 20.0, 2, "cm")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3, "0.30"),
        (2.675, "2.68"),  # in binary it is 2.67499..., and would be rounded down
        (2.665, "2.66"),
        (-0.004, "0.00"),
        (-0.5, "-0.50"),
        (1e300, "20.00"),
        (-3.0, "-1.50"),
    ],
)
def test_numbers_are_rounded_by_their_decimal_text(value: float, text: str) -> None:
    assert CODEC.encode(Number(value=value)) == text
    assert CODEC.parse(text) == Number(value=float(text), unit="cm")


def test_the_ends_of_a_range_are_those_that_can_be_written() -> None:
    codec = DecimalNumber(0.05, 0.97, 1)
    assert codec.encode(Number(value=0.0)) == "0.1"
    assert codec.encode(Number(value=1.0)) == "0.9"


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "1.000", "01.00", ".50", "-0.00", "-1.51", "20.01", "1,00", "1.0 ", "nan"],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)


@pytest.mark.parametrize(
    ("low", "high", "decimals"), [(0.0, 1.0, 0), (0.01, 0.02, 1), (0.0, 1e15, 1)]
)
def test_a_range_that_cannot_be_written_is_refused(low: float, high: float, decimals: int) -> None:
    with pytest.raises(InputError):
        DecimalNumber(low, high, decimals)
