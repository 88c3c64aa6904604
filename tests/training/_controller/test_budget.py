"""How much a run looks at is arithmetic over its work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.training._controller.budget import ENOUGH, Plan, Work, plan
from diascope.training.config import EvalConfig

works = st.builds(
    Work,
    examples=st.integers(1, 10**8),
    looks=st.integers(1, 100),
    gradients=st.integers(0, 1000),
    tasks=st.integers(0, 50),
    reply=st.floats(0.4, 20),
)
LONG = Work(examples=10**6, looks=10, gradients=10, tasks=10, reply=1.0)
SHORT = Work(examples=64, looks=2, gradients=2, tasks=10, reply=1.0)


@given(works, st.floats(0, 1))
def test_what_is_left_open_fits_but_for_a_loss_to_choose_by(work: Work, budget: float) -> None:
    planned = plan(EvalConfig(budget=budget), work)
    if planned.share > budget + 1e-9:
        assert planned == Plan(32, 0, 0, 0, planned.share)
    assert 32 <= planned.limit <= 256
    assert planned.pictures == 0 or planned.replies > 0


@given(works, st.floats(0, 0.5))
def test_a_larger_budget_never_takes_replies_or_cases_away(work: Work, budget: float) -> None:
    less, more = (plan(EvalConfig(budget=share), work) for share in (budget, 2 * budget))
    assert less.limit <= more.limit
    assert less.share <= more.share + 1e-9


def test_a_long_run_looks_at_as_much_as_is_of_use() -> None:
    assert plan(EvalConfig(), LONG)[:4] == (256, 16, 4, 2)


def test_a_short_run_measures_its_loss_alone() -> None:
    assert plan(EvalConfig(), SHORT)[:4] == (32, 0, 0, 0)


def test_what_is_given_is_done_whatever_it_costs() -> None:
    told = EvalConfig(limit=7, replies=3, pictures=1, gradients=5, budget=0.0)
    planned = plan(told, SHORT)
    assert planned[:4] == (7, 3, 1, 5)
    assert planned.share > 1


def test_a_mix_and_a_chosen_task_are_answered_in_any_run() -> None:
    assert plan(EvalConfig(mix={"report": 1.0}), SHORT).replies == ENOUGH
    assert plan(EvalConfig(task="report", pictures=2), SHORT).pictures == 2


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"task": "report", "mix": {"report": 1.0}}, "give one of them"),
        ({"mix": {"report": 0.0}}, "all weights are 0"),
        ({"mix": {"report": 1.0}, "replies": 0}, "ask for some"),
    ],
)
def test_choices_that_exclude_one_another_are_refused(told: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        EvalConfig.model_validate(told)
