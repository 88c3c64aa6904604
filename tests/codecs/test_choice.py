import pytest

from diascope.answers import Choice
from diascope.codecs.choice import ChoiceCodec, letters
from diascope.codecs.codec import ParseError
from diascope.errors import InputError

OPTIONS = ("benign", "malignant, old", "normal")


def test_texts_and_letters() -> None:
    answer = Choice(option="malignant, old")
    assert ChoiceCodec(OPTIONS, "texts").encode(answer) == "malignant, old"
    assert ChoiceCodec(OPTIONS, "letters").encode(answer) == "B"
    assert ChoiceCodec(OPTIONS, "letters").parse("B") == answer


def test_letters_go_on_after_z() -> None:
    assert [letters(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
    ]


@pytest.mark.parametrize("text", ["", "b", "D", "B.", "malignant, old"])
def test_only_the_letter_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        ChoiceCodec(OPTIONS, "letters").parse(text)


def test_an_answer_that_is_no_option_is_refused() -> None:
    codec = ChoiceCodec(OPTIONS, "letters")
    for method in (codec.encode, codec.snap):
        with pytest.raises(InputError, match=r"'norml'.*'normal'"):
            method(Choice(option="norml"))
