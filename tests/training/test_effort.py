"""A phase is tried before it begins, takes what was told, and learns the same in smaller pieces."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.batching import Example
from diascope.configuration import dump_toml
from diascope.errors import InputError
from diascope.models.transformer import Transformer
from diascope.recordfile import RecordFile
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.effort import read_memory
from diascope.training.feed import open_feed
from diascope.training.fitting import longest, pieces
from diascope.training.loop import metrics, train
from diascope.training.memoryconfig import MemoryConfig
from diascope.training.phases import Lora, PartTraining

STEPS = 3


def config(records: Path, base: Path, family: str, **memory: Any) -> TrainConfig:
    return TrainConfig(
        model=ModelConfig(family=family, path=str(base)),
        data=DataConfig(records=str(records), split="train"),
        train={"language": PartTraining(lora=Lora(rank=2, targets=("q_proj",)))},
        duration=Duration(steps=STEPS),
        batch_size=4,
        evaluation=EvalConfig(every=Duration(steps=STEPS), limit=1),
        checkpoint_every=Duration(steps=1),
        memory=MemoryConfig(**memory),
    )


@pytest.fixture
def base(any_model: Transformer, tmp_path: Path) -> Path:
    any_model.save(tmp_path / "base")
    return tmp_path / "base"


def losses(run: Path) -> list[float]:
    return [line["loss"] for line in metrics(run)]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.none() | st.integers(1, 120))
def test_pieces_are_the_examples_in_order_and_none_is_too_long(
    lengths: list[int], most: int | None
) -> None:
    examples = [Example((0,) * length, (), ()) for length in lengths]
    cut = pieces(examples, most)
    assert [each for piece in cut for each in piece] == examples
    if most is None:
        assert len(cut) == 1
        return
    for piece, after in zip(cut, [*cut[1:], []], strict=True):
        taken = sum(example.length for example in piece)
        assert len(piece) == 1 or taken <= most
        assert not after or taken + after[0].length > most


def test_smaller_pieces_teach_the_same(
    any_model: Transformer, base: Path, phantom: Path, tmp_path: Path
) -> None:
    """Kept features, frozen weights and pieces change a run by rounding, and a resumed one not."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(config(phantom, base, any_model.family, features_gb=0.0), whole)
    train(config(phantom, base, any_model.family, max_tokens=150), cut)
    assert losses(cut) == pytest.approx(losses(whole), rel=1e-4)
    norms = [[line["norm"] for line in metrics(run)] for run in (cut, whole)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)


@pytest.mark.parametrize("name", ["tiny", "qwen_3"])
def test_a_run_with_held_weights_and_kept_features_is_resumed_to_the_bit(
    name: str, request: pytest.FixtureRequest, phantom: Path, tmp_path: Path
) -> None:
    any_model: Transformer = request.getfixturevalue(name)
    base = tmp_path / "base"
    any_model.save(base)
    kept = {"frozen": "bfloat16", "features": str(tmp_path / "features")}
    told = config(phantom, base, any_model.family, **kept)
    train(told, tmp_path / "whole")
    plain = tmp_path / "plain"
    train(config(phantom, base, any_model.family), plain)
    assert losses(tmp_path / "whole") == pytest.approx(losses(plain), rel=1e-2)

    class Stop(Exception):
        pass

    def stop(done: int, total: int, logged: object) -> None:
        if done == 1:
            raise Stop

    with pytest.raises(Stop):
        train(told, tmp_path / "cut", report=stop)
    train(told, tmp_path / "cut", resume=True)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")


def apart(run: TrainConfig, out: Path, *options: str) -> str:
    """A process of its own: what others freed here would count as room. What it told."""
    recipe = out.with_suffix(".toml")
    recipe.write_text(dump_toml(run))
    command = [sys.executable, "-m", "diascope.cli", "train", str(recipe), "--out", str(out)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_what_was_found_to_fit_is_told_and_kept(
    tiny_base: Path, phantom: Path, tmp_path: Path
) -> None:
    """With a limit that a whole batch does not keep to; resumed with the same pieces."""
    free = config(phantom, tiny_base, "tiny").model_copy(update={"batch_size": 24})
    assert apart(free, tmp_path / "free").count("train: memory: ") == 1
    found = read_memory(tmp_path / "free")["train"]
    assert found["max_tokens"] is None
    assert found["forecast"]["peak"] > found["forecast"]["weights"] > 0
    limit = (found["forecast"]["peak"] - 0.5 * found["forecast"]["work"]) / 1e9
    bounded = free.model_copy(update={"memory": MemoryConfig(limit_gb=limit)})
    apart(bounded, tmp_path / "bounded")
    again = read_memory(tmp_path / "bounded")["train"]
    assert 0 < again["max_tokens"] < 2000
    assert losses(tmp_path / "bounded") == pytest.approx(losses(tmp_path / "free"), rel=1e-5)
    apart(bounded, tmp_path / "bounded", "--resume")
    assert read_memory(tmp_path / "bounded")["train"]["max_tokens"] == again["max_tokens"]


def test_a_limit_that_no_example_keeps_to_is_refused(
    tiny_base: Path, phantom: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="the longest example alone takes"):
        train(config(phantom, tiny_base, "tiny", limit_gb=0.01), tmp_path / "run")


@pytest.fixture
def tiny_base(tiny: Transformer, tmp_path: Path) -> Path:
    tiny.save(tmp_path / "base")
    return tmp_path / "base"


def test_the_longest_are_found_by_their_lines(tiny: Transformer, phantom: Path) -> None:
    feed = open_feed(tiny, DataConfig(records=str(phantom)), phantom, seed=0)
    every = sorted(
        (feed.example(case).length for group in feed.groups.values() for case in group),
        reverse=True,
    )
    found = [example.length for example in longest(feed, 4)]
    assert found == sorted(found, reverse=True)
    assert found[0] >= 0.9 * every[0]
    assert np.array_equal(
        RecordFile(phantom).cases().num_bytes[:1], [len(phantom.read_bytes().split(b"\n")[0]) + 1]
    )


PROGRAM = """
import sys
from pathlib import Path
from diascope.configuration import load
from diascope.training.config import TrainConfig
from diascope.training.loop import train
train(load(Path(sys.argv[1]), [], TrainConfig), Path(sys.argv[2]), tell=print)
"""


@pytest.mark.parametrize("size", [4, 24])
def test_the_forecast_is_within_a_tenth_of_the_peak(
    size: int, tiny_base: Path, phantom: Path, tmp_path: Path
) -> None:
    """As the system tells it of a process of its own, everything in it counted."""
    told = config(phantom, tiny_base, "tiny").model_copy(
        update={"batch_size": size, "train": {"language": PartTraining(), "vision": PartTraining()}}
    )
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(dump_toml(told))
    subprocess.run([sys.executable, "-c", PROGRAM, recipe, tmp_path / "run"], check=True)
    found = json.loads((tmp_path / "run" / "memory.json").read_text())["train"]
    assert found["forecast"]["peak"] == pytest.approx(found["peak"], rel=0.1)
