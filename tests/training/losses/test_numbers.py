"""The laws of the loss of numbers."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from diascope.batching import PLAIN, Graded
from diascope.codecs.whole_number import WholeNumber
from diascope.models.numbers import NumberBook
from diascope.training.grading import grade
from diascope.training.losses.numbers import number_losses

CODEC = WholeNumber(0, 999)


class Digits:
    """Token 10 ends."""

    eos_id = 10

    def encode(self, text: str) -> list[int]:
        return [int(character) for character in text]


BOOK = NumberBook.of(Digits(), CODEC)
WORDS = 12


def logits(seed: int, rows: int) -> torch.Tensor:
    return torch.randn(rows, WORDS, generator=torch.Generator().manual_seed(seed))


def loss(given_: torch.Tensor, graded: Graded, weight: float) -> torch.Tensor:
    """[tokens] of a number's text alone."""
    logprobs = torch.log_softmax(given_, dim=1)
    rows = torch.from_numpy(graded.places)
    return number_losses(torch.full((len(given_),), 7.0), logprobs, rows, graded, weight)


@given(st.integers(0, 999), st.integers(0, 9))
def test_zero_sigma_is_plain_cross_entropy(number: int, seed: int) -> None:
    graded = grade(BOOK, number, 0.0)
    targets = torch.tensor([*Digits().encode(str(number)), 10])
    made = logits(seed, len(targets))
    plain = cross_entropy(made, targets, reduction="none")
    torch.testing.assert_close(loss(made, graded, 0.0), plain)
    assert (loss(made, graded, 2.0) >= plain - 1e-6).all()


def test_places_without_grades_are_left_alone() -> None:
    losses = torch.tensor([1.0, 2.0, 3.0])
    logprobs = torch.log_softmax(logits(0, 3), dim=1)
    none = number_losses(losses, logprobs, torch.empty(0, dtype=torch.int64), PLAIN, 1.0)
    assert none is losses
    graded = grade(BOOK, 5, 0.01)._replace(places=grade(BOOK, 5, 0.01).places * 2)
    mixed = number_losses(losses, logprobs, torch.from_numpy(graded.places), graded, 1.0)
    assert mixed[1] == 2.0
    assert (mixed[[0, 2]] != losses[[0, 2]]).all()


@given(st.integers(100, 999), st.sampled_from([0, 1, 2]))
def test_the_gradient_of_distance_points_to_nearer_numbers(number: int, place: int) -> None:
    """From even odds, a step of descent raises a choice the more the nearer its numbers are."""
    graded = grade(BOOK, number, 0.0)
    even = torch.zeros(4, WORDS, requires_grad=True)
    (far,) = torch.autograd.grad(loss(even, graded, 1.0).sum(), even)
    (plain,) = torch.autograd.grad(loss(even, graded, 0.0).sum(), even)
    at = graded.places == place
    order = np.argsort(graded.distance[at], kind="stable")
    pulls = (far - plain)[place, torch.from_numpy(graded.tokens[at][order])]
    assert (pulls.diff() >= -1e-7).all()
    assert pulls[0] < 0 < pulls[-1]


def test_a_wrong_hundreds_digit_costs_more_than_a_wrong_unit() -> None:
    graded = grade(BOOK, 555, 0.0)

    def sure_of(text: str) -> torch.Tensor:
        made = torch.full((4, WORDS), -20.0)
        for row, token in enumerate([*Digits().encode(text), 10]):
            made[row, token] = 20.0
        return loss(made, graded, 100.0).sum() - loss(made, graded, 0.0).sum()

    costs = [sure_of(text).item() for text in ("555", "556", "559", "565", "655", "955")]
    assert costs == sorted(costs)
    assert costs[0] < 1e-3
    np.testing.assert_allclose(costs[1], 100 / 999, rtol=1e-4)
    np.testing.assert_allclose(costs[-1], 100 * (900 - 555) / 999, rtol=1e-4)


@given(st.integers(0, 999))
def test_the_bell_is_the_cheapest_prediction(number: int) -> None:
    """No other odds cost less than the masses themselves (Gibbs), in every place."""
    graded = grade(BOOK, number, 0.02)
    rows = int(graded.places.max()) + 1
    best = torch.full((rows, WORDS), -40.0)
    masses = torch.from_numpy(graded.mass).clamp_min(1e-12)
    best[torch.from_numpy(graded.places), torch.from_numpy(graded.tokens)] = masses.log()
    cheapest = loss(best, graded, 0.0)
    for seed in range(3):
        assert (cheapest <= loss(best + 0.5 * logits(seed, rows), graded, 0.0) + 1e-5).all()
