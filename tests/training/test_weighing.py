"""Weights of examples: what is balanced by them, and that they are 1 in the mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Choice, Number
from diascope.expectations import Options, Range
from diascope.records import Case, Image, Record, Turn
from diascope.training.supervision import LossConfig
from diascope.training.weighing import Drawn, Weighing

IMAGE = (Image(path="a.png", width=8, height=8),)
SIDES = ("left", "right", "both")


def case(turn: Turn) -> Case:
    record = Record(
        id="r", dataset="d", patient="p", study="s", split="train", images=IMAGE, turns=(turn,)
    )
    return Case(record, 0)


def chosen(option: str, options: tuple[str, ...] = SIDES) -> Case:
    asked = Options(options=options)
    answer = Choice(option=option)
    return case(Turn(task="classification", question="?", expects=asked, answer=answer))


def counted(number: int) -> Case:
    asked = Range(low=0, high=99)
    return case(Turn(task="counting", question="?", expects=asked, answer=Number(value=number)))


def drawn() -> st.SearchStrategy[list[Drawn]]:
    cases = st.sampled_from(SIDES).map(chosen) | st.integers(0, 99).map(counted)
    return st.lists(st.builds(Drawn, cases, st.integers(1, 9)), min_size=1, max_size=40)


CONFIGS = st.builds(
    LossConfig,
    per=st.sampled_from(["example", "token"]),
    balance_tasks=st.booleans(),
    class_beta=st.sampled_from([0.0, 0.9, 0.999]),
)


@given(drawn(), CONFIGS)
def test_weights_are_positive_and_one_in_the_mean(seen: list[Drawn], config: LossConfig) -> None:
    weighing = Weighing.of(seen, config)
    weights = [weighing.weight(*each) for each in seen]
    assert min(weights) > 0
    assert np.isclose(np.mean(weights), 1.0)


@given(drawn())
def test_every_token_weighs_alike(seen: list[Drawn]) -> None:
    """A loss spreads an example's weight over its tokens."""
    weighing = Weighing.of(seen, LossConfig(per="token"))
    each = [weighing.weight(*one) / one.num_tokens for one in seen]
    np.testing.assert_allclose(each, each[0])


@given(drawn())
def test_every_task_weighs_alike_in_sum(seen: list[Drawn]) -> None:
    weighing = Weighing.of(seen, LossConfig(balance_tasks=True))
    sums = [
        sum(weighing.weight(*one) for one in seen if one.case.turn.task == name)
        for name in {one.case.turn.task for one in seen}
    ]
    np.testing.assert_allclose(sums, sums[0])


def test_rare_answers_weigh_more_and_numbers_do_not() -> None:
    seen = [Drawn(chosen("left"), 2)] * 30 + [Drawn(chosen("right"), 2)] * 3
    seen += [Drawn(chosen("left", ("left", "right")), 2)] * 5 + [Drawn(counted(7), 2)] * 9
    weighing = Weighing.of(seen, LossConfig(class_beta=0.9999))
    left, right = weighing.weight(*seen[0]), weighing.weight(*seen[30])
    assert right / left == pytest.approx(10, rel=1e-2)
    assert 30 * left + 3 * right == pytest.approx(33)
    assert weighing.weight(*seen[-1]) == weighing.weight(*seen[-10]) == pytest.approx(1.0)
    milder = Weighing.of(seen, LossConfig(class_beta=0.9))
    assert 1 < milder.weight(*seen[30]) / milder.weight(*seen[0]) < right / left


def test_what_the_sample_had_not_weighs_as_one() -> None:
    seen = [Drawn(chosen("left"), 2)] * 3
    weighing = Weighing.of(seen, LossConfig(class_beta=0.9, balance_tasks=True))
    assert weighing.weight(chosen("both"), 2) == weighing.weight(counted(3), 5) == 1.0
