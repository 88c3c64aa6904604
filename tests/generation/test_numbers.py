"""Numbers read from their distribution: against every number tried by itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diascope.batching import Example, pack
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.whole_number import WholeNumber
from diascope.errors import InputError
from diascope.generation.answering import Asking, answer_cases
from diascope.generation.numbers import distributions, median, number_reader
from diascope.imaging.store import CanvasStore
from diascope.models.numbers import NumberBook
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import from_scratch
from diascope.recordfile import RecordFile


@pytest.fixture(scope="module")
def model() -> PaliGemma:
    return from_scratch(seed=3)


def asked(model: PaliGemma, words: str) -> Example:
    canvas = np.full((128, 128), len(words) * 9, np.uint8)
    prefix = (*[model.image_id] * 64, 2, *model.encode(words))
    return model.example(prefix, (), [canvas])


def one_by_one(model: PaliGemma, given_: Example, book: NumberBook) -> list[float]:
    """Every number's tokens read whole; at each, the odds among those with which numbers go on."""
    masses = []
    for row, value in enumerate(book.values):
        suffix = tuple(int(token) for token in book.ids[row] if token >= 0)
        whole = model.example(given_.prefix, suffix, given_.canvases)
        start = len(given_.prefix) - 1
        logits = model.head(model.hidden(pack([whole]))[start : start + len(suffix)])
        mass = 1.0
        for at, going in enumerate(book.path(book.row(value))):
            odds = torch.softmax(logits[at, torch.from_numpy(going.tokens)], dim=0)
            mass *= odds[int(np.flatnonzero(going.tokens == suffix[at])[0])].item()
        masses.append(mass)
    return masses


def test_masses_are_what_the_tokens_say(model: PaliGemma) -> None:
    """Followed side by side, with several ways on from one beginning, in a batch of two ranges."""
    books = [NumberBook.of(model, codec) for codec in (WholeNumber(-2, 24), DecimalNumber(1, 3, 1))]
    examples = [asked(model, "how many?"), asked(model, "how long is it?")]
    found = distributions(model, examples, books)
    for example, book, masses in zip(examples, books, found, strict=True):
        assert np.isclose(masses.sum(), 1.0)
        with torch.no_grad():
            np.testing.assert_allclose(masses, one_by_one(model, example, book), atol=2e-5)


def test_no_mass_is_lost_where_beginnings_are_too_many(model: PaliGemma) -> None:
    book = NumberBook.of(model, DecimalNumber(0, 999, 1))
    (masses,) = distributions(model, [asked(model, "how much?")], [book])
    assert np.isclose(masses.sum(), 1.0)
    assert (masses > 0).all()


@given(
    arrays(float, 9, elements=st.floats(-50, 50), unique=True),
    arrays(float, 9, elements=st.floats(0.001, 1)),
)
def test_no_value_is_nearer_to_all_than_the_median(values: np.ndarray, masses: np.ndarray) -> None:
    def error(value: float) -> float:
        return float((masses * np.abs(values - value)).sum())

    middle = median(values, masses)
    assert middle in values
    assert all(error(middle) <= error(value) + 1e-9 for value in values)


def test_numbers_are_read_by_their_median_and_words_are_not(
    model: PaliGemma, phantom: Path
) -> None:
    records = RecordFile(phantom)
    names = ("counting", "regression", "classification")
    cases = [case for name in names for case in records.cases(task=name)[:3]]
    store = CanvasStore(records.root, model.canvas_map)
    many, one = (
        answer_cases(model, cases, store, Asking(numbers="median", batch_size=size))
        for size in (64, 1)
    )
    assert [reply.text for reply in many] == [reply.text for reply in one]
    assert [reply.id for reply in many] == [case.id for case in cases]
    assert {reply.outcome.kind for reply in many} == {"parsed"}
    read = {reply.task: (reply.read_from, bool(reply.logprobs)) for reply in many}
    assert read == {
        "counting": ("median", False),
        "regression": ("median", False),
        "classification": ("tokens", True),
    }


def test_a_model_without_a_head_is_not_read_by_one(model: PaliGemma) -> None:
    with pytest.raises(InputError, match=r"loss\.number_head"):
        number_reader(model, "head", 4)
