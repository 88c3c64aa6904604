"""What a dry run tells: steps, what moves, shares, memory and time, with and without records."""

from pathlib import Path

import pytest

from diascope.configuration import load, recipe
from diascope.errors import InputError
from diascope.training.config import TrainConfig
from diascope.training.plan import H100, missing, plan, products_per_second


def told(name: str, *overrides: str) -> list[str]:
    return plan(load(recipe(name), list(overrides), TrainConfig))


def test_a_plan_tells_each_phase(phantom: Path) -> None:
    mixture = "data.mixture={kind='proportional',by='task'}"
    phases = (
        "phases=[{name='one',train=['projector'],duration={steps=5},batch_size=2,accumulate=2},"
        "{name='two',train={vision={},language={lora={rank=2}}},duration={examples=40}}]"
    )
    lines = told("twins/m4cxr", f"data.records={str(phantom)!r}", mixture, phases)
    assert lines[0] == "one: 5 steps of 4"
    assert "two: 2 steps of 16" in lines
    first = lines[: lines.index("two: 2 steps of 16")]
    assert "  vision: frozen, 1,891,840" in first
    assert any(line.startswith("  projector: full, ") for line in first)
    assert any(line.startswith("  vqa: ") and "epochs" in line for line in first)
    assert any(line.startswith("  memory: ") and "GB at the most" in line for line in first)
    assert any(line.startswith("  time: ") and "on one H100" in line for line in first)
    second = lines[lines.index("two: 2 steps of 16") :]
    assert any(line.startswith("  language: LoRA, rank 2, ") for line in second)


def test_without_records_shares_are_those_of_the_weights() -> None:
    lines = told("twins/m4cxr", "data.records=gone.jsonl")
    assert lines[0] == "not here yet: gone.jsonl"
    assert "projector: 50 steps of 16" in lines
    assert "  phantom-chest/report: 100.0% of draws" in lines
    assert any(line.startswith("  phantom-chest/findings_then_report: 34.") for line in lines)


def test_epochs_of_records_that_are_not_there_are_not_counted() -> None:
    lines = told("demo", "duration={epochs=2.0}", "data.records=gone.jsonl")
    assert "train: unknown number of steps of 16" in lines
    assert any("how many there are is not known" in line for line in lines)


def test_what_is_missing_is_named() -> None:
    config = load(recipe("m4cxr"), [], TrainConfig)
    assert list(missing(config)) == [
        "models/rad-dino",
        "models/Mistral-7B-Instruct-v0.2",
        "data/m4cxr/records.jsonl",
    ]


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("data.mixture={kind='fixed',weights={vqq=1.0},others=0.0}", "no group 'vqq', did you"),
        ("model={family='gemma3',path='models/medgema-4b-it'}", "did you mean 'medgemma-4b-it'"),
        ("train={language={lora={targets=['q_prj']}}}", "did you mean 'q_proj'"),
        ("evaluation.task=detecton", "did you mean 'detection'"),
    ],
)
def test_what_could_not_be_trained_is_told(phantom: Path, pair: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        told("demo", f"data.records={str(phantom)!r}", pair)


def test_a_processor_is_slower_than_a_graphics_card() -> None:
    assert 1e8 < products_per_second() < H100


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["paligemma_cxr", "m4cxr", "cxr_llava", "flare25_paligemma2", "flare25_medgemma"]
)
def test_a_system_is_planned_without_weights_and_records(name: str) -> None:
    lines = told(name)
    assert any(line.startswith("  memory: ") for line in lines)
    assert any(line.startswith("  time: ") for line in lines)
