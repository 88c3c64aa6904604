"""What a run leaves behind is read by transformers and peft alone, and says what it learnt."""

import json
from pathlib import Path

import peft
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from diascope.errors import InputError
from diascope.generation.predict import Asked, open_model, predict
from diascope.imaging.profile import render_profile
from diascope.models.adapters import open_adapter
from diascope.models.composed import Composed
from diascope.models.modelcard import CARD, read_card
from diascope.models.transformer import Transformer
from diascope.predictionfile import PredictionFile
from diascope.training.adapter import has_adapter, save_adapter, updates
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.loop import train
from diascope.training.moving import Movement
from diascope.training.phases import Lora, PartTraining, Phase
from diascope.training.saving import merge_exactly

from ..models.test_leaks import example, logits  # noqa: TID252 - tests are no installed package
from .test_moving import copied, phase

pytestmark = pytest.mark.filterwarnings(
    # peft asks transformers by a name that this version calls deprecated
    "ignore:`is_gradient_checkpointing`:FutureWarning"
)
TARGETS = ("q_proj", "v_proj")
IDS = torch.arange(10, 30)[None]


def updating(rank: int = 2, **more: object) -> PartTraining:
    return PartTraining(lora=Lora.model_validate({"rank": rank, "targets": TARGETS} | more))


def tuned(model: Transformer, *plan: Phase, base: Path) -> Movement:
    """What some phases leave behind: every weight that moves has moved."""
    model = copied(model)
    for network in model.networks.values():
        network.name_or_path = str(base)
    movement = Movement.of(model, plan, seed=0)
    rng = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for one in plan:
            for each in movement.begin(one):
                each.weight.add_(torch.randn(each.weight.shape, generator=rng) * 0.02)
    return movement


@pytest.fixture
def base(any_model: Transformer, tmp_path: Path) -> Path:
    any_model.save(tmp_path / "base")
    return tmp_path / "base"


def test_peft_alone_reads_an_adapter(any_model: Transformer, base: Path, tmp_path: Path) -> None:
    """Updates beside a projector and embeddings that moved in full."""
    plan = phase("projector", "embeddings", language=updating())
    movement = tuned(any_model, plan, base=base)
    if isinstance(any_model, Composed):
        pytest.skip("its parts are read one by one, below")
    assert has_adapter(movement)
    save_adapter(movement, tmp_path / "adapter")
    told = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert told["base_model_name_or_path"] == str(base)
    read = peft.AutoPeftModel.from_pretrained(tmp_path / "adapter", dtype=torch.float32)
    ours, theirs = movement.model.network.eval(), read.base_model.model.eval()
    assert type(theirs) is type(ours)
    with torch.no_grad():
        said = ours(input_ids=IDS).logits
        torch.testing.assert_close(theirs(input_ids=IDS).logits, said, atol=1e-4, rtol=1e-4)
        began = any_model.network(input_ids=IDS).logits
    assert not torch.allclose(said, began, atol=1e-2)


def test_it_is_opened_as_what_was_trained(
    any_model: Transformer, base: Path, tmp_path: Path
) -> None:
    plan = phase("projector", vision=PartTraining(), language=updating(alpha=7.0))
    if isinstance(any_model, Composed):
        pytest.skip("its parts come from random numbers: see the run below")
    movement = tuned(any_model, plan, base=base)
    trained = movement.model
    assert isinstance(trained, Transformer)
    save_adapter(movement, tmp_path / "adapter")
    read = open_adapter(tmp_path / "adapter", torch.float32)
    assert type(read) is type(any_model)
    asked = example(any_model, "where is it", "left upper zone")
    for model in (read, trained):
        model.network.eval()
    ours, theirs = logits(trained, asked)[0], logits(read, asked)[0]
    torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(ours, logits(any_model, asked)[0], atol=1e-2)


@pytest.mark.parametrize(
    "parts",
    [
        {"vision": updating(rank=3), "language": updating(rank=2, alpha=5.0)},
        {"vision": updating(dora=True), "attention": updating(dora=True), "embeddings": None},
        {"attention": None, "vision": updating(rank=4)},
        {"language": None, "vision": updating(rank=4)},
    ],
)
def test_what_moves_in_whichever_way_is_all_there(
    gemma_3: Transformer, parts: dict[str, PartTraining | None], tmp_path: Path
) -> None:
    """Ranks that differ, magnitudes, attention sublayers in full, layers in full."""
    gemma_3.save(tmp_path / "base")
    trained = {part: how or PartTraining() for part, how in parts.items()}
    movement = tuned(gemma_3, phase(**trained), base=tmp_path / "base")
    save_adapter(movement, tmp_path / "adapter")
    read, asked = open_adapter(tmp_path / "adapter", torch.float32), example(gemma_3, "is it", "no")
    ours = logits(movement.model, asked)[0]  # type: ignore[arg-type]
    torch.testing.assert_close(logits(read, asked)[0], ours, atol=1e-3, rtol=1e-3)


def test_an_adapter_of_another_program_is_opened(gemma_3: Transformer, tmp_path: Path) -> None:
    """peft's own folder, which knows nothing of families."""
    gemma_3.save(tmp_path / "base")
    network = transformers.AutoModelForImageTextToText.from_pretrained(tmp_path / "base")
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    updated = peft.get_peft_model(network, config)
    updated.save_pretrained(tmp_path / "adapter")
    read = open_model(tmp_path / "adapter")
    with torch.no_grad():
        said, expected = (
            each(input_ids=IDS).logits for each in (read.network.eval(), updated.eval())
        )
    torch.testing.assert_close(said, expected, atol=1e-4, rtol=1e-4)


def test_what_cannot_be_told_apart_is_no_adapter(tiny: Transformer, tmp_path: Path) -> None:
    assert not has_adapter(tuned(tiny, phase("language"), base=tmp_path))
    under = (phase("attention", name="first"), phase(name="then", language=updating()))
    assert not has_adapter(tuned(tiny, *under, base=tmp_path))
    scratch = tuned(tiny, phase(language=updating()), base=tmp_path)
    scratch.model.network.name_or_path = ""
    assert not has_adapter(scratch)
    both = tuned(tiny, phase(vision=updating(), language=updating(dora=True)), base=tmp_path)
    with pytest.raises(InputError, match="cannot be one adapter"):
        save_adapter(both, tmp_path / "adapter")


def test_merging_changes_no_logit_or_is_refused(
    any_model: Transformer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    movement = tuned(any_model, phase(language=updating()), base=tmp_path)
    model = movement.model
    from diascope.batching import pack

    probe = pack([example(any_model, "where is it", "left upper zone")])
    with monkeypatch.context() as patched:
        patched.setattr(peft.tuners.lora.layer.Linear, "merge", lambda *_, **__: None)
        with pytest.raises(InputError, match="no merged model is written"):
            merge_exactly(model, probe)
    movement = tuned(any_model, phase(language=updating()), base=tmp_path)
    merge_exactly(movement.model, probe)
    assert not any(updates(movement.model.network))


def config(records: Path, model: ModelConfig, plan: tuple[Phase, ...]) -> TrainConfig:
    return TrainConfig(
        model=model,
        data=DataConfig(records=str(records)),
        phases=plan,
        batch_size=3,
        evaluation=EvalConfig(limit=2),
    )


def test_a_run_leaves_both_and_both_answer_alike(
    paligemma_2: Transformer, phantom: Path, tmp_path: Path
) -> None:
    paligemma_2.save(tmp_path / "base")
    how = {"projector": PartTraining(), "language": updating()}
    plan = (Phase(name="tuning", train=how, duration=Duration(steps=2)),)
    told = ModelConfig(family="paligemma", path=str(tmp_path / "base"))
    run = tmp_path / "run"
    assert train(config(phantom, told, plan), run) == run / "model"
    asked = Asked("train", ("counting", "detection"), 2)
    texts = []
    for name in ("model", "adapter"):
        out = predict(run / name, phantom, tmp_path / name, asked=asked)
        texts.append([reply.text for reply in PredictionFile.open(out).predictions])
        card = json.loads((run / name / CARD).read_text())
        assert card["render_profile"] == render_profile()
        assert card["dialect"]["name"] == "loc"
        assert card["frame"] == {"size": [128, 128], "fit": "stretch"}
    assert texts[0] == texts[1]
    base = transformers.PaliGemmaForConditionalGeneration.from_pretrained(tmp_path / "base")
    alone = peft.PeftModel.from_pretrained(base, run / "adapter")
    merged = transformers.PaliGemmaForConditionalGeneration.from_pretrained(run / "model")
    with torch.no_grad():
        said, expected = (each(input_ids=IDS).logits for each in (alone.eval(), merged.eval()))
    torch.testing.assert_close(said, expected, atol=1e-3, rtol=1e-3)
    (tmp_path / "base").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"its base .* is no folder here"):
        open_model(run / "adapter")


def test_the_parts_of_a_composed_run_are_read_alone(
    composed: Composed, phantom: Path, tmp_path: Path
) -> None:
    """As M4CXR: updates of the language model beside the whole encoder and projector."""
    composed.save(tmp_path / "base")
    how = {"vision": PartTraining(), "projector": PartTraining(), "language": updating()}
    plan = (Phase(name="tuning", train=how, duration=Duration(steps=2)),)
    told = ModelConfig(family="composed", path=str(tmp_path / "base"))
    run = tmp_path / "run"
    train(config(phantom, told, plan), run)
    read, merged = (open_model(run / name) for name in ("adapter", "model"))
    asked = example(composed, "where is it", "left")
    ours, theirs = (logits(each, asked)[0] for each in (merged, read))  # type: ignore[arg-type]
    torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=1e-3)
    language = peft.AutoPeftModel.from_pretrained(run / "adapter" / "language")
    alone = transformers.AutoModelForCausalLM.from_pretrained(run / "model" / "language")
    with torch.no_grad():
        said, expected = (each(input_ids=IDS).logits for each in (language.eval(), alone.eval()))
    torch.testing.assert_close(said, expected, atol=1e-3, rtol=1e-3)
    eyes = transformers.AutoModel.from_pretrained(run / "adapter" / "vision")
    assert eyes.config.model_type == "dinov2"
    card = read_card(run / "adapter")
    assert card is not None and card.chat is not None and card.chat.closing == "</s>"


def test_updates_that_do_not_fit_are_refused(gemma_3: Transformer, tmp_path: Path) -> None:
    gemma_3.save(tmp_path / "base")
    movement = tuned(gemma_3, phase(language=updating()), base=tmp_path / "base")
    folder = tmp_path / "adapter"
    save_adapter(movement, folder)
    weights = folder / "adapter_model.safetensors"
    whole = weights.read_bytes()
    tensors = {name: torch.zeros(3, 3) for name in load_file(weights)}
    save_file(tensors, weights)
    with pytest.raises(InputError, match="do not fit the base"):
        open_adapter(folder, torch.float32)
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="do not fit the base"):
        open_adapter(folder, torch.float32)
    weights.unlink()
    with pytest.raises(InputError, match=r"only LoRA in adapter_model\.safetensors"):
        open_adapter(folder, torch.float32)
