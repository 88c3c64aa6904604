"""What a run draws and how it is judged can be swept by key=value, as the guide says."""

import pytest

from diascope.configuration import load, recipe
from diascope.errors import InputError
from diascope.mixture import probabilities
from diascope.training.config import TrainConfig

SIZES = {"counting": 1000, "report": 10}


def told(*overrides: str) -> TrainConfig:
    return load(recipe("demo"), overrides, TrainConfig)


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 10 / 1010), (2.0, 1 / 11), (1e6, 0.5)])
def test_a_temperature_is_swept(temperature: float, share: float) -> None:
    mixture = told(f"data.mixture.temperature={temperature}").data.mixture
    assert probabilities(SIZES, mixture)["report"] == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize("weight", [1, 3.5])
def test_weights_are_swept(weight: float) -> None:
    config = told(
        "data.mixture.kind=fixed",
        "data.mixture.weights.counting=1",
        f"data.mixture.weights.report={weight}",
    )
    assert probabilities(SIZES, config.data.mixture)["report"] == weight / (1 + weight)


def test_the_mix_that_chooses_is_swept() -> None:
    chosen = told("evaluation.mix.detection=2", "evaluation.mix.report=1", "evaluation.replies=16")
    assert chosen.evaluation.mix == {"detection": 2.0, "report": 1.0}
    assert chosen.evaluation.chooses == "mix"
    with pytest.raises(InputError, match=r"evaluation\.mixx.*did you mean 'mix'"):
        told("evaluation.mixx.detection=2")
