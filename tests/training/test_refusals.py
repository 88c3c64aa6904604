"""Every bad input of a run is one clear error, before its first step where it can be known."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diascope.configuration import load
from diascope.errors import InputError
from diascope.generation.predict import Asked, predict
from diascope.models.paligemma import PaliGemma
from diascope.models.transformer import Transformer
from diascope.training import checkpoint, loop
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.feed import open_feed
from diascope.training.loop import train
from diascope.training.phases import Lora, PartTraining
from diascope.training.refusals import not_finite, refuse_overlong

from .test_moving import copied, phase

STEPS = Duration(steps=2)


def config(records: Path, **more: object) -> TrainConfig:
    told = {
        "data": DataConfig(records=str(records)),
        "batch_size": 2,
        "evaluation": EvalConfig(limit=2),
        "duration": STEPS,
    }
    return TrainConfig.model_validate(told | more)


def written(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(f'data = {{ records = "r" }}\nduration = {{ steps = 1 }}\n{text}\n')
    return path


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("train = []", "nothing would move; name a part of the model"),
        ("[train]", "nothing would move; name a part of the model"),
        ('train = ["visoin"]', "did you mean 'vision'"),
        ("[train]\nlanguge = {}", "did you mean 'language'"),
        ('train = ["language", "attention"]', "`language` holds its `attention` already"),
        ('model = { dialect = { name = "jsn" } }', "did you mean 'json'"),
        ('model = { family = "tiny", pth = "x" }', "did you mean 'path'"),
    ],
)
def test_a_mistake_in_a_file_is_told_before_anything_is_read(
    text: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as told:
        load(written(tmp_path, text), [], TrainConfig)
    assert why in str(told.value)


def test_a_target_that_matches_nothing_ends_before_the_first_step(
    phantom: Path, tmp_path: Path
) -> None:
    wrong = {"language": PartTraining(lora=Lora(targets=("q_porj",)))}
    with pytest.raises(InputError, match="no linear layer is called 'q_porj', did you mean"):
        train(config(phantom, train=wrong), tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_no_sample_is_cut_and_one_too_long_ends_before_the_first_step(
    any_model: Transformer, phantom: Path
) -> None:
    model = copied(any_model)
    asked = DataConfig(records=str(phantom))
    refuse_overlong(open_feed(model, asked, phantom, seed=0))
    model.decoder.config.max_position_embeddings = 30
    with pytest.raises(InputError, match=r"tokens long, the model reads 30 at most"):
        refuse_overlong(open_feed(model, asked, phantom, seed=0))


def test_a_question_too_long_is_not_asked(
    paligemma_2: PaliGemma, phantom: Path, tmp_path: Path
) -> None:
    model = copied(paligemma_2)
    model.decoder.config.max_position_embeddings = 60
    model.save(tmp_path / "model")
    with pytest.raises(InputError, match=r"before its answer, the model reads 60 at most"):
        predict(tmp_path / "model", phantom, tmp_path / "out", asked=Asked("train", ("vqa",), 2))


def test_a_loss_that_is_no_number_names_its_samples(
    phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sample of the second step goes wrong; the run says which, and keeps what it has."""
    told = config(phantom, duration=Duration(steps=4), checkpoint_every=Duration(steps=1))
    learn, steps = loop.learn, iter(range(9))

    def poisoned(*given: object) -> object:
        learnt = learn(*given)  # type: ignore[arg-type]
        if next(steps) != 1:
            return learnt
        losses = learnt.losses.clone()
        losses[1] = math.nan
        return learnt._replace(total=learnt.total * math.nan, losses=losses)

    monkeypatch.setattr(loop, "learn", poisoned)
    with pytest.raises(FloatingPointError, match=r"the loss is nan at step 1, on ") as error:
        train(told, tmp_path / "run")
    feed = open_feed(loop.start_model(told), DataConfig(records=str(phantom)), phantom, seed=0)
    assert feed.case(3).id in str(error.value)
    assert feed.case(2).id not in str(error.value)
    assert checkpoint.latest(tmp_path / "run" / "checkpoints") is not None


def test_where_no_single_sample_is_to_blame_all_are_named(tiny: PaliGemma, phantom: Path) -> None:
    feed = open_feed(tiny, DataConfig(records=str(phantom)), phantom, seed=0)
    told = str(not_finite(feed, range(30), 7, torch.zeros(30), "the gradient's norm is inf"))
    named = {feed.case(place).id for place in range(30)}
    assert sum(each in told for each in named) >= 8
    assert "more: look at these samples" in told


def test_another_configuration_does_not_go_on_with_a_run(phantom: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(config(phantom), run)
    other = config(phantom, batch_size=3, seed=1)
    with pytest.raises(InputError, match=r"differs .* in batch_size, seed; resume with it"):
        train(other, run, resume=True)


def test_a_checkpoint_of_another_model_is_refused(
    tiny: PaliGemma, gemma_3: Transformer, tmp_path: Path
) -> None:
    weights = {name: weight.detach() for name, weight in tiny.network.named_parameters()}
    checkpoint.save_weights(tmp_path / "best", weights)
    with pytest.raises(InputError, match="is a checkpoint of another model"):
        checkpoint.restore_weights(tmp_path / "best", gemma_3.network)


def test_places_and_features_must_be_as_many(any_model: Transformer, phantom: Path) -> None:
    """A row that leaves another number of places for a picture than its tower fills."""
    from diascope.batching import pack

    feed = open_feed(any_model, DataConfig(records=str(phantom)), phantom, seed=0)
    one = feed.example(feed.case(0))
    place = one.prefix.index(any_model.image_id)
    prefix = list(one.prefix)
    prefix[place] = prefix[-1]
    with pytest.raises(InputError, match=r"places for images, the vision tower gives"):
        any_model.hidden(pack([replace(one, prefix=tuple(prefix), shared=0)]))


def test_a_part_without_matrices_takes_no_updates(gemma_3: Transformer) -> None:
    from diascope.training.moving import Movement

    lora = PartTraining(lora=Lora(targets=("all",)))
    with pytest.raises(InputError, match=r"train\.projector\.lora: this model has no linear"):
        Movement.of(copied(gemma_3), [phase(projector=lora)], seed=0)


def test_no_family_is_asked_for_tokens_that_it_lacks(
    gemma_3: Transformer, phantom: Path, tmp_path: Path
) -> None:
    gemma_3.save(tmp_path / "base")
    told = ModelConfig.model_validate(
        {"family": "gemma3", "path": str(tmp_path / "base"), "dialect": {"name": "loc"}}
    )
    with pytest.raises(InputError, match="family 'gemma3' has no <loc> tokens"):
        train(config(phantom, model=told), tmp_path / "run")
