"""A forecast is what a step takes: counted with weights and without, and told by the system."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import PaliGemmaForConditionalGeneration

from diascope.answers import Text
from diascope.batching import Batch, pack
from diascope.expectations import Free
from diascope.models.paligemma import PaliGemma
from diascope.models.qwen_vl import QwenVL
from diascope.models.tiny import configuration
from diascope.models.transformer import Transformer
from diascope.records import Image, Record, Turn
from diascope.training.features import stage
from diascope.training.forecast import Walked, moments_of, stand_in
from diascope.training.loss import learn
from diascope.training.memory import Live
from diascope.training.optimconfig import OptimConfig
from diascope.training.supervision import HARD


def row(model: Transformer, count: int = 4) -> Batch:
    """Questions of several lengths about pictures of their own."""
    image = Image(path="a.png", width=128, height=128)
    turn = Turn(task="vqa", question="where is it " * 5, expects=Free(max_chars=400))
    record = Record(
        id="r",
        dataset="d",
        patient="p",
        study="s",
        split="train",
        licence="CC0-1.0",
        images=(image,),
        turns=(turn,),
    )
    width, height = model.canvas_map(image.size).canvas
    return pack(
        [
            model.render(
                record.cases()[0],
                [np.full((height, width), shade, np.uint8)],
                (),
                Text(text="left upper zone " * (1 + shade % 3)),
            )
            for shade in range(count)
        ]
    )


def moving(model: Transformer, *parts: str) -> set[str]:
    return {name for name, _ in model.network.named_parameters() if model.part(name) in parts}


def counted(model: Transformer, names: set[str], batch: Batch) -> int:
    """What a real step holds at the most, beside its weights."""
    network = copy.deepcopy(model.network)
    for name, weight in network.named_parameters():
        weight.requires_grad_(name in names)
    live = Live()
    with live:
        learn(replace(model, network=network), batch, HARD).total.backward()
    return live.peak


@pytest.mark.parametrize(
    "parts", [("vision", "projector", "language", "embeddings"), ("language",), ("projector",)]
)
def test_a_step_takes_what_was_told(any_model: Transformer, parts: tuple[str, ...]) -> None:
    batch, names = row(any_model), moving(any_model, *parts)
    told = Walked(any_model, names).forecast(batch)
    if isinstance(any_model, QwenVL):
        assert told is None
        return
    assert told is not None
    assert told.work == pytest.approx(counted(any_model, names, batch), rel=0.02)
    assert told.weights == sum(weight.nbytes for weight in any_model.network.parameters())
    assert told.moments == 2 * sum(
        weight.nbytes for name, weight in any_model.network.named_parameters() if name in names
    )


def test_what_is_kept_of_pictures_is_not_computed(any_model: Transformer) -> None:
    names = moving(any_model, "language")
    assert stage(any_model, names) == "seen"
    told = Walked(any_model, names, kept="seen").forecast(row(any_model))
    assert told is not None
    looked = Walked(any_model, names).forecast(row(any_model))
    assert looked is None or told.flops < looked.flops


def test_gradients_that_add_up_are_there_all_the_time(tiny: PaliGemma) -> None:
    names = moving(tiny, "language")
    once, twice = (Walked(tiny, names, accumulate=n).forecast(row(tiny)) for n in (1, 2))
    assert once is not None and twice is not None
    grown = sum(w.nbytes for n, w in tiny.network.named_parameters() if n in names)
    assert 0 < twice.work - once.work <= grown


def test_flops_are_those_of_the_matrices(tiny: PaliGemma) -> None:
    """Twice a token and weight forward, at most twice that backward; attention comes on top."""
    names = moving(tiny, "vision", "projector", "language", "embeddings")
    batch = row(tiny)
    told = Walked(tiny, names).forecast(batch)
    assert told is not None
    matrices = sum(
        weight.numel()
        for name, weight in tiny.network.named_parameters()
        if tiny.part(name) == "language" and weight.ndim == 2
    )
    assert told.flops > 6 * matrices * len(batch.input_ids)
    assert told.flops < 24 * matrices * len(batch.input_ids)


def test_a_model_need_not_be_there(tiny: PaliGemma) -> None:
    """On the meta device, told of sizes alone, as `train --dry-run` has it."""
    with torch.device("meta"):
        network = PaliGemmaForConditionalGeneration(configuration(tiny.tokenizer))
    absent = PaliGemma(network, tiny.tokenizer)
    names = moving(tiny, "language")
    batch = pack([stand_in(tiny, 1, 64, 20, 8)] * 3)
    told, real = (Walked(each, names).forecast(batch) for each in (absent, tiny))
    assert told is not None and real is not None
    assert (told.work, told.weights, told.flops) == (real.work, real.weights, real.flops)


def test_an_optimiser_keeps_what_it_keeps() -> None:
    assert moments_of(OptimConfig()) == 2
    assert moments_of(OptimConfig(name="sgd")) == 1
    assert moments_of(OptimConfig(name="sgd", momentum=0.0)) == 0


def test_it_says_what_for(tiny: PaliGemma) -> None:
    told = Walked(tiny, moving(tiny, "language")).forecast(row(tiny))
    assert "GB at the most" in str(told)
    assert "weights" in str(told)
