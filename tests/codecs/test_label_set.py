import pytest

from diascope.answers import Labels
from diascope.codecs.codec import ParseError
from diascope.codecs.label_set import LabelSetCodec
from diascope.errors import InputError

CODEC = LabelSetCodec(("heart", "effusion, small", "mass"), "No finding")


def test_labels_are_written_in_the_set_s_order() -> None:
    answer = Labels(present=("mass", "heart"), uncertain=("effusion, small",))
    assert CODEC.encode(answer) == "heart; possible effusion, small; mass"
    assert CODEC.encode(Labels(absent=("heart",))) == "No finding"


def test_what_is_not_written_is_absent() -> None:
    assert CODEC.parse("possible mass") == Labels(
        absent=("heart", "effusion, small"), uncertain=("mass",)
    )
    assert CODEC.snap(Labels(present=("heart",))) == CODEC.parse("heart")


@pytest.mark.parametrize(
    "text",
    ["", "mass; heart", "heart; heart", "heart; possible heart", "heart, mass", "heart; ", "none"],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)


@pytest.mark.parametrize(
    ("labels", "none"),
    [
        (("a", "possible a"), "none"),
        (("a; b", "c"), "none"),
        (("none", "a"), "none"),
        (("a", "a"), "none"),
        (("a",), "possible a"),
    ],
)
def test_an_ambiguous_set_is_refused(labels: tuple[str, ...], none: str) -> None:
    with pytest.raises(ValueError, match=r"spelt alike|cannot be written"):
        LabelSetCodec(labels, none)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(InputError, match="'hart'"):
        CODEC.encode(Labels(present=("hart",)))
