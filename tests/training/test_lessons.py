"""Phases that teach a vision tower before there are answers, in the trainer of all phases."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from transformers import PreTrainedTokenizerFast

from diascope.errors import InputError
from diascope.models import family
from diascope.models.composition import Composition, ProjectorConfig, Source
from diascope.models.modelcard import write_profile
from diascope.models.parts.encoder import load as load_encoder
from diascope.models.transformer import Transformer
from diascope.recordfile import write_records
from diascope.sources.phantom import PhantomSettings, generate
from diascope.training.config import (
    DataConfig,
    Duration,
    EvalConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)
from diascope.training.contrastive import ContrastiveLesson
from diascope.training.course import course
from diascope.training.labels import LabelsLesson
from diascope.training.lesson import width_of
from diascope.training.lessons import refuse_several
from diascope.training.loop import metrics, start_model, train
from diascope.training.memoryconfig import MemoryConfig
from diascope.training.phases import Phase
from diascope.training.presence import presence
from diascope.training.processes import Processes

VIT = {
    "model_type": "vit",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 64,
    "patch_size": 16,
    "num_channels": 1,
}
RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [16, 32],
    "depths": [1, 1],
    "image_size": 64,
}
LITE = {"model_type": "efficientnet_lite0", "image_size": 64}
ENCODERS = {"vit": VIT, "resnet": RESNET, "lite": LITE}


def phase(kind: str, **more: Any) -> Phase:
    told = {"name": kind, "kind": kind, "train": ("vision",), "duration": {"steps": 3}}
    return Phase.model_validate(told | more)


LABELS = phase("labels")
ALIGNED = phase("contrastive", contrastive={"width": 16})


def with_encoder(composition: Composition, fields: dict[str, Any]) -> ModelConfig:
    told = composition.model_copy(update={"vision": Source(scratch=fields)})
    return ModelConfig(family="composed", compose=told)


def config(records: Path, model: ModelConfig, *phases: Phase, **more: Any) -> TrainConfig:
    told = {
        "model": model,
        "data": DataConfig(records=str(records)),
        "phases": phases,
        "batch_size": 4,
        "evaluation": EvalConfig(every=Duration(steps=3), replies=0, gradients=0),
        "checkpoint_every": Duration(steps=1),
    }
    return TrainConfig.model_validate(told | more)


@pytest.fixture(scope="session")
def composition(words_folder: Path) -> Composition:
    """A one-channel ViT, a matrix, a LLaMA: CXR-LLaVA's parts, all small."""
    language = {
        "model_type": "llama",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "vocab_size": len(PreTrainedTokenizerFast.from_pretrained(words_folder)),
    }
    return Composition(
        vision=Source(scratch=VIT),
        language=Source(scratch=language, tokenizer=str(words_folder)),
        projector=ProjectorConfig(kind="linear"),
        chat="llama2",
    )


@pytest.fixture(params=ENCODERS)
def model(request: pytest.FixtureRequest, composition: Composition) -> ModelConfig:
    return with_encoder(composition, ENCODERS[request.param])


@pytest.fixture
def vit(composition: Composition) -> ModelConfig:
    return with_encoder(composition, VIT)


class Stop(Exception):
    pass


def stopped_at(step: int, told: TrainConfig, run: Path) -> None:
    def stop(done: int, total: int, logged: object) -> None:
        if done == step:
            raise Stop

    with pytest.raises(Stop):
        train(told, run, report=stop)


@pytest.mark.parametrize(("encoder", "step"), [("vit", 3), ("resnet", 2), ("resnet", 4)])
def test_a_run_of_lessons_is_resumed_to_the_bit(
    composition: Composition, phantom: Path, tmp_path: Path, encoder: str, step: int
) -> None:
    """Within a lesson and where one ends, running means of batch norms included."""
    told = config(phantom, with_encoder(composition, ENCODERS[encoder]), LABELS, ALIGNED)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(told, whole)
    stopped_at(step, told, cut)
    train(told, cut, resume=True)
    assert metrics(cut) == metrics(whole)
    one, other = (load_encoder(run / "model" / "vision", torch.float32) for run in (whole, cut))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_lessons_move_the_tower_and_leave_no_head(
    vit: ModelConfig, phantom: Path, tmp_path: Path
) -> None:
    told = config(phantom, vit, phase("labels", labels={"ask": "abnormal"}), LABELS, ALIGNED)
    train(told, tmp_path / "run")
    lines = metrics(tmp_path / "run")
    assert [line["phase"] for line in lines] == ["labels"] * 6 + ["contrastive"] * 3
    assert all(math.isfinite(line["loss"]) for line in lines)
    assert [set(line["tasks"]) for line in lines[::3]] == [{"labels"}, {"labels"}, {"contrastive"}]
    assert 0 <= lines[5]["val_auroc"] <= 1
    assert 0 <= lines[8]["val_recall_at_5"] <= 1
    before = dict(start_model(told).network.named_parameters())
    made = family("composed").load(tmp_path / "run" / "model", torch.float32)
    moved = {
        made.part(name)
        for name, weight in made.network.named_parameters()
        if not torch.equal(weight, before[name])
    }
    assert moved == {"vision"}
    assert set(dict(made.network.named_parameters())) == set(before)


def test_the_encoder_goes_into_another_composed_model(
    vit: ModelConfig, composition: Composition, phantom: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(config(phantom, vit, LABELS), run)
    taught = run / "model" / "vision"
    told = ModelConfig(
        family="composed",
        compose=composition.model_copy(update={"vision": Source(path=str(taught))}),
    )
    answers = phase("answers", train=("projector", "vision"), duration={"steps": 1})
    made = start_model(config(phantom, told, answers))
    expected = load_encoder(taught, torch.float32).state_dict()
    for name, value in made.network.vision.state_dict().items():  # type: ignore[union-attr]
        assert torch.equal(value, expected[name])
    train(config(phantom, told, answers), tmp_path / "answering")
    assert math.isfinite(metrics(tmp_path / "answering")[0]["loss"])


def test_the_weights_kept_are_of_the_last_lesson(
    vit: ModelConfig, phantom: Path, tmp_path: Path
) -> None:
    """Losses of two lessons do not compare: the smaller of the first is not the best of both."""
    last = phase("contrastive", contrastive={"loss": "siglip", "width": 16})
    train(config(phantom, vit, LABELS, last), tmp_path / "run")
    lines = metrics(tmp_path / "run")
    assert lines[2]["val_loss"] < lines[5]["val_loss"]
    best = tmp_path / "run" / "checkpoints" / "best-loss" / "weights.safetensors"
    newest = tmp_path / "run" / "checkpoints" / "step-00000006" / "weights.safetensors"
    assert best.read_bytes() == newest.read_bytes()


def lesson(told: TrainConfig) -> tuple[Transformer, Any]:
    model = start_model(told)
    (leg,) = course(model, told)
    assert leg.lesson is not None
    return model, leg.lesson  # type: ignore[return-value]


def test_an_encoder_that_learnt_from_other_pixels_is_refused(
    vit: ModelConfig, composition: Composition, phantom: Path, tmp_path: Path
) -> None:
    model = start_model(config(phantom, vit, LABELS))
    model.save(tmp_path / "model")
    write_profile(tmp_path / "model", "other")
    source = Source(path=str(tmp_path / "model" / "vision"))
    told = composition.model_copy(update={"vision": source})
    with pytest.raises(InputError, match="trained under render profile other"):
        train(
            config(phantom, ModelConfig(family="composed", compose=told), LABELS), tmp_path / "run"
        )


def test_a_frozen_encoder_keeps_its_running_means(
    composition: Composition, phantom: Path, tmp_path: Path
) -> None:
    """Though it looks at every picture anew, in a network that is being trained."""
    model, answers = with_encoder(composition, RESNET), phase("answers", train=("projector",))
    told = config(phantom, model, answers, memory=MemoryConfig(features_gb=0.0))
    train(told, tmp_path / "run")
    before = start_model(told).network.vision.state_dict()  # type: ignore[union-attr,operator]
    after = load_encoder(tmp_path / "run" / "model" / "vision", torch.float32).state_dict()
    for name, value in before.items():
        assert torch.equal(value, after[name]), name


@pytest.mark.parametrize(("kind", "text"), [("clip", "embeddings"), ("siglip", "transformer")])
def test_gradients_reach_both_towers(
    model: ModelConfig, phantom: Path, kind: str, text: str
) -> None:
    reads = {"kind": text, "width": 64, "layers": 1}
    aligned = phase("contrastive", contrastive={"loss": kind, "text": reads, "width": 16})
    made, taught = lesson(config(phantom, model, aligned))
    assert isinstance(taught, ContrastiveLesson)
    taught.learn(range(6)).total.backward()
    reached = {
        name
        for name, weight in made.network.named_parameters()
        if weight.grad is not None and weight.grad.any()
    }
    assert any(name.startswith("vision.") for name in reached)
    assert any(name.startswith("heads.0.text.") for name in reached)
    assert ("heads.0.scale" in reached) and ("heads.0.bias" in reached) == (kind == "siglip")
    words = made.network.language.get_input_embeddings().weight  # type: ignore[union-attr,operator]
    assert (words.grad is not None) == (text == "embeddings")


def test_a_loss_of_labels_is_that_of_its_examples(vit: ModelConfig, phantom: Path) -> None:
    """One by one or together, and each is the mean over its known labels."""
    made, taught = lesson(config(phantom, vit, LABELS))
    assert isinstance(taught, LabelsLesson)
    made.network.eval()
    with torch.no_grad():
        together = taught.learn(range(6))
        alone = [taught.learn([position]) for position in range(6)]
    torch.testing.assert_close(together.losses, torch.cat([each.losses for each in alone]))
    assert together.total.item() == pytest.approx(together.losses.sum().item(), rel=1e-6)
    assert together.losses.shape == together.right.shape == together.entropy.shape == (6,)


def test_a_rare_label_starts_rare(vit: ModelConfig, phantom: Path) -> None:
    _, taught = lesson(config(phantom, vit, LABELS))
    cases = [case for group in taught.feed.groups.values() for case in group]
    assert {case.turn.task for case in cases} == {"multilabel", "classification"}
    for name, bias in zip(taught.head.names, taught.head.rows.bias.tolist(), strict=True):
        known = [presence(case)[name] for case in cases if name in presence(case)]
        assert math.exp(bias) == pytest.approx((sum(known) + 1) / (len(known) - sum(known) + 1))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough patients to learn from, and forty to be measured on."""
    folder = tmp_path_factory.mktemp("many")
    drawn = PhantomSettings(seed=5, patients=130, style="A", train=0.7, val=0.3)
    write_records(folder / "records.jsonl", generate(folder, drawn))
    return folder / "records.jsonl"


def test_a_twin_learns_labels_and_texts_of_patients_it_has_not_seen(
    composition: Composition, many: Path, tmp_path: Path
) -> None:
    """A small ResNet, a minute of one core: well above chance, which is 0.5 and `chance_at_5`."""
    resnet = RESNET | {"hidden_sizes": [16, 32, 64], "depths": [1] * 3, "image_size": 96}
    told = config(
        many,
        with_encoder(composition, resnet | {"layer_type": "basic"}),
        phase("labels", duration={"steps": 60}),
        phase("contrastive", duration={"steps": 60}, contrastive={"width": 64}),
        batch_size=32,
        optim=OptimConfig(lr=5e-3, weight_decay=0.05),
        evaluation=EvalConfig(every=Duration(steps=60), limit=400, replies=0, gradients=0),
        checkpoint_every=Duration(steps=60),
    )
    train(told, tmp_path / "run")
    lines = metrics(tmp_path / "run")
    assert lines[59]["val_auroc"] > 0.57
    assert lines[119]["val_recall_at_5"] > 1.7 * lines[119]["val_chance_at_5"]


def test_what_reads_nothing_else_moves_nothing_else() -> None:
    with pytest.raises(ValidationError, match="nothing would move projector"):
        phase("labels", train=("vision", "projector"))
    with pytest.raises(ValidationError, match="nothing would move embeddings"):
        phase("contrastive", train=("embeddings",), contrastive={"text": {"kind": "transformer"}})
    with pytest.raises(ValidationError, match="labels: goes with kind = 'labels'"):
        phase("contrastive", labels={"ask": "abnormal"})
    assert phase("contrastive", train=("vision", "embeddings")).moves.keys() == {
        "vision",
        "embeddings",
    }


def test_pictures_of_every_shape_are_refused(qwen_3: Transformer) -> None:
    with pytest.raises(InputError, match="learns answers alone"):
        width_of(qwen_3)


def test_lessons_are_learnt_by_one_process(vit: ModelConfig, phantom: Path) -> None:
    class Two(Processes):
        size = 2

    answers = phase("answers", train=("projector",))
    refuse_several(config(phantom, vit, answers), Two())
    refuse_several(config(phantom, vit, answers, ALIGNED), Processes())
    with pytest.raises(InputError, match="'contrastive' is learnt by one process, not 2"):
        refuse_several(config(phantom, vit, answers, ALIGNED), Two())


def test_records_without_labels_are_refused(
    vit: ModelConfig, phantom: Path, tmp_path: Path
) -> None:
    records = tmp_path / "records.jsonl"
    lines = [line for line in phantom.read_text().splitlines() if '"vqa"' in line]
    records.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="no case in split 'train' says what the phase asks"):
        train(config(records, vit, LABELS), tmp_path / "run")


def test_a_phase_survives_its_own_toml(vit: ModelConfig, phantom: Path, tmp_path: Path) -> None:
    from diascope.configuration import dump_toml, load

    told = config(phantom, vit, LABELS, ALIGNED, phase("answers", train=("projector",)))
    (tmp_path / "c.toml").write_text(dump_toml(told))
    assert load(tmp_path / "c.toml", [], TrainConfig) == told
