import pytest

from diascope.answers import Number
from diascope.codecs.codec import ParseError
from diascope.codecs.whole_number import WholeNumber
from diascope.errors import InputError

CODEC = WholeNumber(0, 120, "ml")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (2.5, "2"), (3.5, "4"), (119.6, "120"), (1e300, "120"), (-7.0, "0")],
)
def test_numbers_are_rounded_and_clamped(value: float, text: str) -> None:
    assert CODEC.encode(Number(value=value, interval=(0.0, 9.0))) == text
    assert CODEC.parse(text) == Number(value=float(text), unit="ml")


def test_a_minus_sign_stands_below_zero() -> None:
    assert WholeNumber(-1000, 10).encode(Number(value=-37.4)) == "-37"


@pytest.mark.parametrize(
    "text", ["", "00", "07", "121", "-1", "-0", "1.0", "1e1", " 1", "\u0661", "1\n"]
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)


@pytest.mark.parametrize(("low", "high"), [(3, 2), (0, 10**15), (-(10**15), 0)])
def test_a_range_that_cannot_be_written_is_refused(low: int, high: int) -> None:
    with pytest.raises(InputError):
        WholeNumber(low, high)
