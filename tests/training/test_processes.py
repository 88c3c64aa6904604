"""One process, two and four learn the same from the same, however the weights lie on them."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.phases import Lora, PartTraining, Phase

from .ranks import Asked, together

STEPS = 50
Metrics = list[dict[str, Any]]


def config(records: Path, model: ModelConfig, **more: Any) -> TrainConfig:
    told = {
        "seed": 3,
        "model": model,
        "data": DataConfig(records=str(records)),
        "duration": Duration(steps=STEPS),
        "batch_size": 2,
        "accumulate": 2,
        "autocast": False,
        "checkpoint_every": Duration(percent=50.0),
        "evaluation": EvalConfig(every=Duration(percent=100.0), limit=2, replies=0, gradients=0),
    }
    return TrainConfig.model_validate(told | more)


@pytest.fixture(scope="module")
def start(gemma_3, tmp_path_factory: pytest.TempPathFactory) -> ModelConfig:
    folder = tmp_path_factory.mktemp("start") / "gemma3"
    gemma_3.save(folder)
    return ModelConfig(family="gemma3", path=str(folder))


def agree(one: Metrics, other: Metrics) -> None:
    """The same samples to the letter, and the same losses to rounding."""
    assert [line["ids"] for line in one] == [line["ids"] for line in other]
    for ours, theirs in zip(one, other, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5), ours["step"]
        assert ours["norm"] == pytest.approx(theirs["norm"], rel=1e-4), ours["step"]
        assert {task: each["n"] for task, each in ours["tasks"].items()} == {
            task: each["n"] for task, each in theirs["tasks"].items()
        }


def test_fifty_steps_are_the_same(phantom: Path, start: ModelConfig, tmp_path: Path) -> None:
    copies, shared = config(phantom, start), config(phantom, start, sharded=True)
    one, *others = together(
        tmp_path,
        Asked(copies, tmp_path / "one"),
        Asked(copies, tmp_path / "two", 2),
        Asked(copies, tmp_path / "four", 4),
        Asked(shared, tmp_path / "two-shared", 2),
        Asked(shared, tmp_path / "four-shared", 4),
    )
    assert len(one) == STEPS
    assert one[-1]["loss"] < 0.7 * one[0]["loss"]
    for other in others:
        agree(one, other)


def test_passes_with_and_without_pictures_never_hang(
    phantom: Path, start: ModelConfig, tmp_path: Path
) -> None:
    """A process reads one for company where the others see, or have, an example and it does not."""
    few = {"duration": Duration(steps=8), "accumulate": 1}
    copies, shared = config(phantom, start, **few), config(phantom, start, sharded=True, **few)
    one, *some, blind, all_blind = together(
        tmp_path,
        Asked(copies, tmp_path / "one", 1, 0.4),
        Asked(shared, tmp_path / "two", 2, 0.4),
        Asked(shared, tmp_path / "more-than-examples", 3, 0.4),
        Asked(copies, tmp_path / "more-copies-than-examples", 3, 0.4),
        Asked(copies, tmp_path / "one-blind", 1, 0.0),
        Asked(shared, tmp_path / "all-blind", 2, 0.0),
    )
    for other in some:
        agree(one, other)
    agree(blind, all_blind)


def test_phases_move_the_same(phantom: Path, start: ModelConfig, tmp_path: Path) -> None:
    """What moves changes from one phase to the next, in weights that are gathered too."""
    updates = PartTraining(lora=Lora(rank=2))
    plan = (
        Phase(name="one", train={"projector": PartTraining()}, duration=Duration(steps=3)),
        Phase(
            name="two",
            train={"vision": PartTraining(), "language": updates},
            duration=Duration(steps=3),
        ),
    )
    told = {"duration": None, "phases": plan}
    one, two = together(
        tmp_path,
        Asked(config(phantom, start, **told), tmp_path / "one"),
        Asked(config(phantom, start, sharded=True, **told), tmp_path / "two", 2),
    )
    agree(one, two)


@pytest.mark.parametrize("sharded", [False, True])
def test_a_checkpoint_of_two_goes_on_in_one_and_in_four(
    sharded: bool, phantom: Path, start: ModelConfig, tmp_path: Path
) -> None:
    told = config(phantom, start, duration=Duration(steps=8), sharded=sharded)
    (two,) = together(tmp_path, Asked(told, tmp_path / "two", 2))
    for name in ("one", "four"):
        shutil.copytree(tmp_path / "two", tmp_path / name)
        shutil.rmtree(tmp_path / name / "checkpoints" / "step-00000008")
    others = together(tmp_path, Asked(told, tmp_path / "one", 1), Asked(told, tmp_path / "four", 4))
    for other in others:
        agree(two, other)


def test_a_number_head_is_not_shared_out(phantom: Path) -> None:
    with pytest.raises(ValueError, match=r"leave loss\.number_head at 0"):
        config(phantom, ModelConfig(), sharded=True, loss={"number_head": 1.0})
