"""What the loss asks of examples reaches the packed row, the model and the folder of a run."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diascope.errors import InputError
from diascope.generation.answering import Asking
from diascope.generation.predict import Asked, open_model, predict
from diascope.mixture import MixtureConfig
from diascope.models.number_head import FILE, attach, head_of
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import from_scratch
from diascope.models.transformer import Transformer
from diascope.predictionfile import PredictionFile
from diascope.recordfile import RecordFile
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.feed import Feed, open_feed
from diascope.training.loop import metrics, train
from diascope.training.loss import learn
from diascope.training.phases import PartTraining, Phase
from diascope.training.supervision import HARD, LossConfig
from diascope.training.targets import supervised

NUMBERS = LossConfig(number_sigma=0.02, number_distance=3.0, number_head=1.0)


def feed(model: Transformer, phantom: Path, config: LossConfig) -> Feed:
    data = DataConfig(records=str(phantom), mixture=MixtureConfig(kind="inverse_size"))
    return supervised(open_feed(model, data, phantom, 0), config)


def test_a_plain_loss_leaves_the_feed_as_it_is(tiny: PaliGemma, phantom: Path) -> None:
    data = DataConfig(records=str(phantom))
    plain = open_feed(tiny, data, phantom, 0)
    assert supervised(plain, LossConfig()) is plain


def test_zero_sigma_teaches_what_plain_cross_entropy_does(
    any_model: Transformer, phantom: Path
) -> None:
    """Graded places of every family lie where its packed row has its numbers."""
    hard = LossConfig(location_sigma=0.0, number_distance=1e-9)
    rows = [feed(any_model, phantom, config).batch(0, 12) for config in (HARD, hard)]
    assert len(rows[0].graded.tokens) == 0 < len(rows[1].graded.tokens)
    with torch.no_grad():
        plain, graded = (learn(any_model, row, hard) for row in rows)
    torch.testing.assert_close(plain.losses, graded.losses, atol=1e-6, rtol=1e-6)


def test_masses_stand_for_the_tokens_that_are_taught(tiny: PaliGemma, phantom: Path) -> None:
    row = feed(tiny, phantom, NUMBERS).batch(0, 24)
    found = row.graded
    assert {"counting", "regression"} <= set(RecordFile(phantom).tasks)
    sums = np.bincount(found.places, found.mass)[np.unique(found.places)]
    np.testing.assert_allclose(sums, 1.0, rtol=1e-5)
    true = row.input_ids.numpy()[found.places] == found.tokens
    assert true.sum() == len(np.unique(found.places))
    assert (found.distance[true] == 0).all()
    assert (row.loss_weights.numpy()[found.places] > 0).all()
    asked = [number for number in row.numbers if number is not None]
    assert 0 < len(asked) < row.num_examples
    assert 0 <= min(asked) <= max(asked) <= 1


def test_tokens_weigh_alike_over_the_whole_row(tiny: PaliGemma, phantom: Path) -> None:
    row = feed(tiny, phantom, LossConfig(per="token")).batch(0, 24)
    weights = row.loss_weights[row.loss_weights > 0]
    torch.testing.assert_close(weights, weights[:1].expand_as(weights))


def test_the_head_learns_and_teaches(phantom: Path) -> None:
    """Its gradient reaches what is seen, its loss is told of the examples that ask for numbers."""
    model = from_scratch(seed=0)
    attach(model, seed=0)
    row = feed(model, phantom, NUMBERS).batch(0, 12)
    with torch.no_grad():
        without = learn(model, row, NUMBERS.model_copy(update={"number_head": 0.0}))
    both = learn(model, row, NUMBERS)
    more = both.losses - without.losses
    asked = torch.tensor([number is not None for number in row.numbers])
    assert (more[asked] > 1e-4).all()
    torch.testing.assert_close(more[~asked], torch.zeros_like(more[~asked]), atol=1e-6, rtol=0)
    torch.testing.assert_close(both.total, both.losses.sum())
    (
        both.total - learn(model, row, LossConfig(number_sigma=0.02, number_distance=3.0)).total
    ).backward()
    grads = {name: weight.grad for name, weight in model.network.named_parameters()}
    assert grads["number_head.last.weight"].norm() > 0
    tower = [grad for name, grad in grads.items() if "vision_tower" in name and grad is not None]
    assert max(grad.abs().max() for grad in tower) > 0


def test_a_head_goes_through_a_run_and_answers(phantom: Path, tmp_path: Path) -> None:
    """Trained beside a projector, resumed to the bit, kept apart, read from; and plain folders."""
    plan = tuple(
        Phase(name=part, train={part: PartTraining()}, duration=Duration(steps=steps))
        for part, steps in (("projector", 1), ("language", 2))
    )
    config = TrainConfig(
        model=ModelConfig(scratch=True),
        data=DataConfig(records=str(phantom)),
        phases=plan,
        batch_size=4,
        loss=NUMBERS,
        evaluation=EvalConfig(limit=2, every=Duration(percent=100.0)),
        checkpoint_every=Duration(steps=1),
    )
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(config, whole)

    class Stop(Exception):
        pass

    def stop(done: int, total: int, logged: object) -> None:
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        train(config, cut, report=stop)
    train(config, cut, resume=True)
    assert metrics(cut) == metrics(whole)
    assert not any("number_head" in name for name in load_file(whole / "model/model.safetensors"))
    before = attach(from_scratch(0), seed=0).state_dict()
    after = load_file(whole / "model" / FILE)
    assert not all(torch.equal(before[name], weight) for name, weight in after.items())
    asked = Asked("train", ("counting", "regression", "classification"), 3)
    out = predict(whole, phantom, tmp_path / "out", asked=asked, asking=Asking(numbers="head"))
    found = PredictionFile.open(out)
    assert found.provenance.numbers == "head"
    read = {reply.task: (reply.read_from, reply.outcome.kind) for reply in found.predictions}
    assert read == {
        "counting": ("head", "parsed"),
        "regression": ("head", "parsed"),
        "classification": ("tokens", "parsed"),
    }


def test_a_head_of_another_model_is_refused(tmp_path: Path, tiny: PaliGemma) -> None:
    tiny.save(tmp_path)
    assert head_of(open_model(tmp_path)) is None
    (tmp_path / FILE).write_bytes(json.dumps({}).encode())
    with pytest.raises(InputError, match="no number head of this model"):
        open_model(tmp_path)
