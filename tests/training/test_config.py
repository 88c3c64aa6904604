import pytest
from pydantic import ValidationError

from diascope.training.config import Duration


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
