"""What moves is what the phases name, in every family, and nothing else."""

import copy
from dataclasses import replace

import pytest
import torch
from peft.tuners.lora import LoraLayer

from diascope.errors import InputError
from diascope.models.transformer import Transformer
from diascope.training.config import DataConfig, Duration, TrainConfig
from diascope.training.moving import Movement
from diascope.training.phases import Lora, PartTraining, Phase
from diascope.training.saving import merge

STEP = Duration(steps=1)


def phase(*parts: str, name: str = "p", **trained: PartTraining) -> Phase:
    return Phase(
        name=name, train={**{part: PartTraining() for part in parts}, **trained}, duration=STEP
    )


def copied(model: Transformer) -> Transformer:
    """The same weights, which a test may change."""
    return replace(model, network=copy.deepcopy(model.network))


@pytest.mark.parametrize("part", ["vision", "projector", "language", "embeddings"])
def test_a_part_moves_alone_and_all_parts_are_everything(any_model: Transformer, part: str) -> None:
    movement = Movement.of(any_model, [phase(part)], seed=0)
    moving = {each.name for each in movement.begin(phase(part))}
    asking = {name for name, w in any_model.network.named_parameters() if w.requires_grad}
    assert moving == asking
    assert moving == {
        n for n, _ in any_model.network.named_parameters() if any_model.part(n) == part
    }
    assert moving
    rows = {row.part: row for row in movement.table(phase(part))}
    assert set(rows) == {"vision", "projector", "language", "embeddings"}
    assert rows[part].how == "full" and rows[part].moving == rows[part].total
    assert all(row.how == "frozen" for name, row in rows.items() if name != part)


def test_attention_is_the_attention_of_the_language_model(any_model: Transformer) -> None:
    names = {
        each.name
        for each in Movement.of(any_model, [phase("attention")], 0).begin(phase("attention"))
    }
    assert names
    assert all(".self_attn." in name and any_model.part(name) == "language" for name in names)


def test_low_rank_updates_start_as_nothing_and_merge_to_what_they_say(
    any_model: Transformer,
) -> None:
    model = copied(any_model)
    lora = Lora(rank=2, alpha=4.0, targets=("q_proj", "v_proj"))
    plan = [
        phase("projector", name="first"),
        phase("vision", name="then", language=PartTraining(lora=lora)),
    ]
    ids = torch.arange(10, 30)[None]
    plain = decoded(model, ids)
    movement = Movement.of(model, plan, seed=0)
    torch.testing.assert_close(decoded(model, ids), plain)
    assert not any(".lora_" in each.name for each in movement.begin(plan[0]))
    moving = movement.begin(plan[1])
    kinds = {each.name.rpartition(".lora_")[1] or model.part(each.name) for each in moving}
    assert kinds == {".lora_", "vision"}
    with torch.no_grad():
        for each in moving:
            if ".lora_B" in each.name:
                each.weight.add_(0.1)
    changed = decoded(model, ids)
    assert not torch.allclose(changed, plain)
    merge(model.network)
    assert not any(".lora_" in name for name, _ in model.network.named_parameters())
    assert {n for n, _ in model.network.named_parameters()} == {
        n for n, _ in any_model.network.named_parameters()
    }
    torch.testing.assert_close(decoded(model, ids), changed, atol=1e-4, rtol=1e-4)


def decoded(model: Transformer, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        states: torch.Tensor = model.decoder(inputs_embeds=model._table(ids)).last_hidden_state
    return states


def test_a_target_that_is_not_there_is_met_with_the_nearest(any_model: Transformer) -> None:
    wrong = phase(language=PartTraining(lora=Lora(targets=("q_porj",))))
    with pytest.raises(
        InputError, match=r"no linear layer is called 'q_porj', did you mean 'q_proj'"
    ):
        Movement.of(copied(any_model), [wrong], seed=0)


def test_two_phases_have_one_shape_of_updates(any_model: Transformer) -> None:
    plan = [
        phase(name=f"rank {rank}", language=PartTraining(lora=Lora(rank=rank))) for rank in (2, 4)
    ]
    with pytest.raises(InputError, match="another shape"):
        Movement.of(copied(any_model), plan, seed=0)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"train": {}}, "nothing would move"),
        ({"train": ("vision", "visoin")}, "visoin"),
        ({"train": ("language", "attention")}, "holds its `attention`"),
        ({"train": {"vision": {"rate": 0.0}}}, "greater than 0"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_loaded(
    told: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        TrainConfig.model_validate(
            {"data": DataConfig(records="r"), "duration": Duration(steps=1)} | told
        )


def test_a_run_has_a_duration_or_phases() -> None:
    data = DataConfig(records="r")
    with pytest.raises(ValueError, match="give a duration, or phases"):
        TrainConfig(data=data)
    with pytest.raises(ValueError, match="give a duration, or phases"):
        TrainConfig(data=data, duration=STEP, phases=(phase("vision"),))
    assert TrainConfig(data=data, duration=STEP).plan[0].name == "train"


def test_updates_of_two_parts_are_both_at_work(any_model: Transformer) -> None:
    """peft leaves the one put in last active, and it alone."""
    model = copied(any_model)
    lora = PartTraining(lora=Lora(rank=2, targets=("all",)))
    movement = Movement.of(model, [phase(vision=lora, language=lora)], seed=0)
    layers = [each for each in model.network.modules() if isinstance(each, LoraLayer)]
    assert {name for each in layers for name in each.lora_A} == {"vision", "language"}
    assert all(set(each.active_adapters) == set(each.lora_A) for each in layers)
    assert all(".lora_" in each.name for each in movement.begin(movement.plan[0]))
