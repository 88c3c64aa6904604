"""tiny: a PaliGemma of about four million parameters whose weights ship in this package.

It is transformers' own PaliGemma class, small enough to be fine-tuned on a laptop in minutes; real
weights are the same path with another name in the configuration.
"""

import math
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from transformers import (
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from diascope.models.family import Family
from diascope.models.paligemma import PaliGemma
from diascope.models.paligemma import load as load_folder

ASSETS = Path(__file__).parent / "assets" / "tiny"
CANVAS, PATCH, WIDTH = 128, 16, 192
NUM_LOCATIONS = 1024
SIGHT = 0.35
"""Spread of what patches and their positions start as."""


def load(folder: Path | None, dtype: torch.dtype) -> PaliGemma:
    """The shipped weights, or those of a folder that a run has saved."""
    return load_folder(folder or ASSETS, dtype)


def tokenizer() -> PreTrainedTokenizerFast:
    """The shipped tokenizer: byte-level BPE, 1,024 <loc> and 128 <seg> tokens."""
    words: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(
        ASSETS, local_files_only=True
    )
    return words


def from_scratch(seed: int) -> PaliGemma:
    """A tiny with random weights, but for what it need not learn: places, and how to see a patch.

    Location embeddings start smooth in the bin, positions as waves over the grid, and patches are
    read through whitened cosines. From plain random weights it learns to write within a few hundred
    steps and has not begun to look at the image after five hundred; from these it has.
    """
    words = tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PaliGemmaForConditionalGeneration(configuration(words))
    model = PaliGemma(network, words)
    first, last = model.location_ids()
    table: Tensor = network.get_input_embeddings().weight  # type: ignore[assignment]
    eyes: Any = getattr(network.model.vision_tower, "vision_model", network.model.vision_tower)
    with torch.no_grad():
        table[first : last + 1].copy_(smooth_locations(WIDTH))
        eyes.embeddings.position_embedding.weight.copy_(grid_positions(CANVAS // PATCH, WIDTH))
        eyes.embeddings.patch_embedding.weight.copy_(cosine_filters(PATCH, WIDTH))
        eyes.embeddings.patch_embedding.bias.zero_()
    return model


def configuration(words: PreTrainedTokenizerFast) -> PaliGemmaConfig:
    """Five vision and four language layers, both 192 wide.

    Every head has keys and values of its own: a single one, as in Gemma 2B, would carry no more
    than 32 numbers a layer from a patch to the word that points at it.
    """
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": WIDTH,
        "intermediate_size": 512,
        "num_hidden_layers": 5,
        "num_attention_heads": 6,
        "image_size": CANVAS,
        "patch_size": PATCH,
        "vision_use_head": False,
    }
    text = {
        "model_type": "gemma",
        "hidden_size": WIDTH,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 6,
        "num_key_value_heads": 6,
        "head_dim": 32,
        "vocab_size": len(words),
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
    }
    return PaliGemmaConfig(
        vision_config=vision,
        text_config=text,
        projection_dim=WIDTH,
        image_token_index=cast("int", words.convert_tokens_to_ids("<image>")),
    )


def smooth_locations(width: int) -> Tensor:
    """[1024, width] embeddings that are smooth functions of the bin: cosines and sines.

    Neighbouring bins start alike, so that what is learnt of one place holds beside it; with
    unrelated embeddings a small model does not learn to point at all.
    """
    place = torch.linspace(0.0, 1.0, NUM_LOCATIONS)[:, None]
    waves = torch.arange(1, width // 2 + 1)[None, :] * math.pi
    decay = 1.0 / torch.sqrt(torch.arange(1, width // 2 + 1).float())[None, :]
    table = torch.cat([torch.cos(place * waves) * decay, torch.sin(place * waves) * decay], dim=1)
    return table * (0.02 / table.std())


def grid_positions(side: int, width: int) -> Tensor:
    """[side * side, width] waves along y and along x, so that a patch knows where it lies."""
    number = torch.arange(width // 4) % 12 + 1
    centre = (torch.arange(side) + 0.5) / side
    angle = centre[:, None] * number[None, :] * math.pi / 2
    waves = torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)
    table = torch.cat([waves.repeat_interleave(side, dim=0), waves.repeat(side, 1)], dim=1)
    table = table - table.mean(dim=0)
    return table * (SIGHT / table.std())


def cosine_filters(side: int, count: int) -> Tensor:
    """[count, 3, side, side] the lowest two-dimensional cosines, higher ones amplified.

    Neighbouring pixels are alike, so a patch's detail is small beside its brightness; a filter bank
    that evens this out (a whitening) lets the network see detail from the first step.
    """
    every = [(down, across) for down in range(side) for across in range(side)]
    lowest = sorted(every, key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair))[:count]
    place = (torch.arange(side) + 0.5) * math.pi / side
    waves = torch.stack(
        [torch.outer(torch.cos(down * place), torch.cos(across * place)) for down, across in lowest]
    )
    gains = torch.tensor([0.25 if pair == (0, 0) else 1 + math.hypot(*pair) / 2 for pair in lowest])
    waves = waves / waves.flatten(1).norm(dim=1)[:, None, None] * gains[:, None, None]
    filters: Tensor = (waves * SIGHT / 3)[:, None]
    return filters.expand(-1, 3, -1, -1)


FAMILY = Family(name="tiny", about="4 M parameters, weights in the package", load=load)
