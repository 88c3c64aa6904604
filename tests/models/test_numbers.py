"""Books of numbers: every number once, by its own tokens, whatever the tokenizer joins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Number
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.whole_number import WholeNumber
from diascope.errors import InputError
from diascope.models.numbers import MOST_NUMBERS, NumberBook, NumberCodec, share
from diascope.models.paligemma import PaliGemma


class Threes:
    """Writes up to three digits as one token, as Llama 3's tokenizer does."""

    eos_id = 1

    def encode(self, text: str) -> list[int]:
        parts = [text[at : at + 3] for at in range(0, len(text), 3)]
        return [2 + int.from_bytes(part.encode(), "big") for part in parts]


@st.composite
def codecs(draw: st.DrawFn) -> NumberCodec:
    low = draw(st.integers(-300, 900))
    high = low + draw(st.integers(0, 400))
    if draw(st.booleans()):
        return WholeNumber(low, high)
    return DecimalNumber(low / 10, high / 10, draw(st.integers(1, 2)))


def spelled(model: object, codec: NumberCodec) -> dict[float, list[int]]:
    texts = [codec.spell(steps) for steps in codec.steps]
    return {float(text): [*model.encode(text), model.eos_id] for text in texts}


@given(codecs())
def test_steps_are_all_that_the_codec_reads(codec: NumberCodec) -> None:
    texts = [codec.spell(steps) for steps in codec.steps]
    values = [codec.parse(text).value for text in texts]
    assert values == sorted(set(values))
    assert codec.snap(Number(value=-1e9)).value == values[0]
    assert codec.snap(Number(value=1e9)).value == values[-1]


@given(codecs(), st.data())
def test_a_path_holds_every_way_on(codec: NumberCodec, data: st.DataObject) -> None:
    model = Threes()
    book, known = NumberBook.of(model, codec), spelled(model, codec)
    value = data.draw(st.sampled_from(list(known)))
    path = list(book.path(book.row(value)))
    assert len(path) == len(known[value])
    for depth, going in enumerate(path):
        begun = known[value][:depth]
        alike = {one: ids[depth] for one, ids in known.items() if ids[:depth] == begun}
        assert set(going.tokens) == set(alike.values())
        for token, start, end in zip(going.tokens, going.starts, going.ends, strict=True):
            assert set(book.values[start:end]) == {one for one in alike if alike[one] == token}


def test_a_book_spells_as_the_model_does(tiny: PaliGemma) -> None:
    codec = DecimalNumber(-2.0, 11.5, 1)
    book, known = NumberBook.of(tiny, codec), spelled(tiny, codec)
    assert len(book.values) == len(known) == 136
    for value, ids in zip(book.values, book.ids, strict=True):
        assert [token for token in ids if token >= 0] == known[value]
    assert book.width == 13.5


def test_a_range_too_long_to_list_is_refused(tiny: PaliGemma) -> None:
    with pytest.raises(InputError, match="fewer decimals"):
        NumberBook.of(tiny, WholeNumber(0, MOST_NUMBERS))


@pytest.mark.parametrize(("value", "place"), [(20.0, 0.0), (500.0, 1.0), (260.0, 0.5)])
def test_a_share_says_where_in_its_range_a_value_lies(value: float, place: float) -> None:
    assert share(DecimalNumber(20, 500, 1), value) == place
    assert np.isfinite(share(WholeNumber(3, 3), 3.0))
