import numpy as np
import torch

from diascope.generation.sampling import choose
from diascope.predictionfile import Sampling

LOGITS = torch.log(torch.tensor([[0.1, 0.6, 0.25, 0.05]]))


def drawn(sampling: Sampling, count: int = 4000) -> list[float]:
    draws = np.random.default_rng(0).random(count).tolist()
    tokens, _ = choose(LOGITS.repeat(count, 1), sampling, draws)
    return [tokens.count(token) / count for token in range(4)]


def test_greedy_takes_the_likeliest_and_says_how_likely() -> None:
    tokens, logprobs = choose(LOGITS, Sampling(), [0.9])
    assert tokens == [1]
    np.testing.assert_allclose(logprobs, [np.log(0.6)], rtol=1e-5)


def test_temperature_one_draws_the_distribution() -> None:
    np.testing.assert_allclose(drawn(Sampling(temperature=1.0)), [0.1, 0.6, 0.25, 0.05], atol=0.03)


def test_a_low_temperature_sharpens() -> None:
    assert drawn(Sampling(temperature=0.3))[1] > 0.9


def test_top_p_keeps_the_likeliest_part_of_the_mass() -> None:
    shares = drawn(Sampling(temperature=1.0, top_p=0.7))
    np.testing.assert_allclose(shares, [0, 0.6 / 0.85, 0.25 / 0.85, 0], atol=0.03)


def test_a_forbidden_token_is_never_drawn() -> None:
    masked = LOGITS.clone()
    masked[0, 1] = -torch.inf
    tokens, _ = choose(
        masked.repeat(500, 1), Sampling(temperature=2.0), np.linspace(0, 0.999, 500).tolist()
    )
    assert 1 not in tokens


def test_a_draw_just_below_one_takes_a_token_that_is_allowed() -> None:
    masked = LOGITS.clone()
    masked[0, 1] = -torch.inf
    for sampling in (Sampling(temperature=2.0), Sampling(temperature=1.0, top_p=0.5)):
        tokens, logprobs = choose(masked, sampling, [1 - 1e-9])
        assert tokens[0] != 1
        assert np.isfinite(logprobs).all()
