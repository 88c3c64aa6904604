import pytest

from diascope.answers import Boxes, Text
from diascope.codecs.codec import ParseError
from diascope.codecs.free_text import FreeText
from diascope.errors import InputError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  The heart\n\nis\tlarge.\u00a0", "The heart is large."),
        ("size <5 mm", "size < 5 mm"),
        ("<loc0001><eos>", "< loc0001>< eos>"),
        ("a\u200bb \u2581 c\x00d", "ab c d"),
        ("épanchement > 2 cm² 中 \U0001f600", "épanchement > 2 cm² 中 \U0001f600"),
        ("", "-"),
        (" \n ", "-"),
        ("no pleural effusion is seen in either lung", "no pleural effusion is seen in"),
        ("pneumonoultramicroscopicsilicovolcanoconiosis", "pneumonoultramicroscopicsilico"),
        ("exactly thirty characters long", "exactly thirty characters long"),
    ],
)
def test_text_is_one_line_of_whole_words(text: str, written: str) -> None:
    codec = FreeText(30)
    assert codec.encode(Text(text=text, evidence=Boxes())) == written
    assert codec.parse(written) == codec.snap(Text(text=text)) == Text(text=written)


@pytest.mark.parametrize("text", ["", " a", "a ", "a  b", "a\nb", "a<b", "x" * 31, "\u2581"])
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        FreeText(30).parse(text)


def test_a_text_needs_room() -> None:
    with pytest.raises(InputError):
        FreeText(0)
