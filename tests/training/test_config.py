import pytest
from pydantic import ValidationError

from diascope.training.config import DataConfig, Duration, OptimConfig, TrainConfig


@pytest.mark.parametrize(
    ("duration", "steps"),
    [
        (Duration(steps=7), 7),
        (Duration(examples=100), 12),
        (Duration(epochs=2.0), 20),
        (Duration(percent=25.0), 50),
        (Duration(examples=1), 1),
    ],
)
def test_a_duration_in_steps(duration: Duration, steps: int) -> None:
    assert duration.in_steps(batch=8, num_cases=80, whole=200) == steps


@pytest.mark.parametrize("units", [{}, {"steps": 1, "epochs": 1.0}])
def test_a_duration_has_exactly_one_unit(units: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        Duration.model_validate(units)


def test_a_run_is_not_a_percentage_of_itself() -> None:
    with pytest.raises(ValueError, match="percentage"):
        Duration(percent=10.0).in_steps(batch=1, num_cases=1)
    with pytest.raises(ValidationError, match="percentage of itself"):
        TrainConfig(data=DataConfig(records="r"), duration=Duration(percent=10.0))


@pytest.mark.parametrize("betas", [(2.0, 0.9), (0.9, 1.0), (-0.1, 0.9)])
def test_averages_that_never_forget_are_refused(betas: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="betas"):
        OptimConfig(betas=betas)
