"""Grades of the choices at each token of a number, against numbers tried one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diascope.batching import Graded
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.whole_number import WholeNumber
from diascope.models.numbers import NumberBook, NumberCodec
from diascope.training.grading import grade


class Characters:
    """One token a character."""

    eos_id = 0

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]


CODECS = [WholeNumber(0, 400), WholeNumber(-30, 120), DecimalNumber(20.0, 50.0, 1)]
BOOKS = {codec: NumberBook.of(Characters(), codec) for codec in CODECS}


def graded(codec: NumberCodec, value: float, sigma: float) -> Graded:
    return grade(BOOKS[codec], value, sigma)


def chosen(found: Graded, place: int, token: str) -> tuple[float, float]:
    at = (found.places == place) & (found.tokens == (ord(token) if token else 0))
    (mass,), (distance,) = found.mass[at], found.distance[at]
    return float(mass), float(distance)


@given(st.sampled_from(CODECS), st.data(), st.sampled_from([0.0, 0.003, 0.02, 0.5]))
def test_choices_keep_their_share_of_the_bell(
    codec: NumberCodec, data: st.DataObject, sigma: float
) -> None:
    """By enumeration of texts: the mass, and the nearest number, of all that begin so."""
    text = codec.spell(data.draw(st.sampled_from(codec.steps)))
    texts = [codec.spell(steps) for steps in codec.steps]
    far = {
        one: abs(float(one) - float(text)) / (float(texts[-1]) - float(texts[0])) for one in texts
    }
    bell = {one: np.exp(-0.5 * (far[one] / sigma) ** 2) if sigma else one == text for one in texts}
    found = graded(codec, float(text), sigma)
    for place, token, mass, distance in zip(*found, strict=True):
        begun = [one for one in texts if one.startswith(text[:place])]
        on = [one for one in begun if (ord(one[place]) if place < len(one) else 0) == token]
        assert np.isclose(mass, sum(bell[one] for one in on) / sum(bell[one] for one in begun))
        assert np.isclose(distance, min(far[one] for one in on), atol=1e-6)


@given(st.sampled_from(CODECS), st.data(), st.sampled_from([0.0, 0.01, 0.1]))
def test_masses_sum_to_one_and_multiply_to_the_bell(
    codec: NumberCodec, data: st.DataObject, sigma: float
) -> None:
    steps = data.draw(st.sampled_from(codec.steps))
    text, book = codec.spell(steps), BOOKS[codec]
    found = graded(codec, float(text), sigma)
    sums = np.bincount(found.places, found.mass)
    np.testing.assert_allclose(sums, np.ones(len(text) + 1), rtol=1e-5)
    along = np.prod([chosen(found, at, token)[0] for at, token in enumerate([*text, ""])])
    distance = (book.values - float(text)) / book.width
    bell = np.exp(-0.5 * (distance / sigma) ** 2) if sigma else (distance == 0).astype(float)
    assert np.isclose(along, 1 / bell.sum(), rtol=1e-4)


def test_place_value() -> None:
    """A wrong hundreds digit is as far off as hundreds are; beside a border it is not wrong."""
    found = graded(CODECS[0], 174.0, 0.01)
    assert np.isclose(chosen(found, 0, "3")[1], (300 - 174) / 400)
    assert np.isclose(chosen(found, 1, "6")[1], (174 - 169) / 400)
    assert np.isclose(chosen(found, 2, "6")[1], 2 / 400)
    assert chosen(found, 0, "2")[0] < 1e-6
    border = graded(CODECS[0], 199.0, 0.01)
    assert 0.3 < chosen(border, 0, "2")[0] < 0.5
    assert chosen(border, 0, "1")[0] > 0.5


def test_a_number_that_goes_on_is_another_number() -> None:
    """17 and 170 begin alike: the end of the text is a choice as well."""
    found = graded(CODECS[0], 17.0, 0.005)
    assert chosen(found, 2, "") == (1.0, 0.0)
    assert np.isclose(chosen(found, 2, "0")[1], (170 - 17) / 400)
