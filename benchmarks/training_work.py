"""The work that benchmarks.training times: a model, turns of mixed length, the same for every way.

Shapes are PaliGemma's at small size, in transformers' own class: 224 pixels, 256 image tokens, a
language model of six layers whose attention moves and nothing else, as in the FLARE study. Lengths
are a mixture of its tasks: three fifths classification, the rest counts, reports, boxes and a few
long lists of cells. Values do not matter for speed and are random.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
)

from diascope.batching import Example, Span
from diascope.models.gemma3 import Gemma3
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import tokenizer

SIDE, PATCH, IMAGE_TOKENS = 224, 14, 256
PADDED = 256 + 1400
"""Tokens that the study's notebook pads every turn to."""
SMALL, LARGE = 6_016, 257_152
"""Words: logits, body and tower in PaliGemma-3B's proportions, and PaliGemma's own number."""
SIZE = 8
"""Turns a step."""
GEMMA_TOKENS = (
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
)
KINDS = ((19, 60, 5), (5, 50, 6), (3, 40, 110), (4, 70, 60), (1, 60, 700))
"""Turns of 32, tokens asked, tokens answered, of each kind of task."""


@dataclass(frozen=True)
class Shape:
    """Of a model."""

    words: int
    width: int = 256
    layers: int = 6


def paligemma(shape: Shape) -> PaliGemma:
    """With random weights, all frozen but the attention of its language model."""
    words = tokenizer()
    text = {
        "model_type": "gemma",
        "hidden_size": shape.width,
        "intermediate_size": 4 * shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.width // 32,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "vocab_size": shape.words,
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
    }
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": shape.width // 2,
        "intermediate_size": 2 * shape.width,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "patch_size": PATCH,
        "vision_use_head": False,
    }
    image: Any = words.convert_tokens_to_ids("<image>")
    torch.manual_seed(0)
    network = PaliGemmaForConditionalGeneration(
        PaliGemmaConfig(
            vision_config=vision,
            text_config=text,
            projection_dim=shape.width,
            image_token_index=image,
        )
    )
    for name, weight in network.named_parameters():
        weight.requires_grad_("language_model" in name and ".self_attn." in name)
    return PaliGemma(network, words)


def turns(model: PaliGemma, seed: int = 0) -> list[Example]:
    """Thirty-two turns about a picture each, in a shuffled order."""
    rng = np.random.default_rng(seed)
    every = [kind for kind in KINDS for _ in range(kind[0])]
    made = []
    for place in rng.permutation(len(every)).tolist():
        _, asked, answered = every[place]
        words = rng.integers(300, 1000, size=asked + int(rng.integers(-8, 9))).tolist()
        reply = rng.integers(300, 1000, size=answered).tolist()
        picture = rng.integers(256, size=(SIDE, SIDE), dtype=np.uint8)
        prefix = (*(model.image_id,) * IMAGE_TOKENS, int(model.tokenizer.bos_token_id), *words)
        made.append(model.example(prefix, (*reply, model.eos_id), [picture]))
    return made


def gemma(shape: Shape) -> Gemma3:
    """A causal model whose pictures see themselves both ways; its language model moves."""
    words = tokenizer()
    words.add_special_tokens({"additional_special_tokens": list(GEMMA_TOKENS)})
    spelt = dict(zip(words.all_special_tokens, words.all_special_ids, strict=True))
    text = {
        "hidden_size": shape.width,
        "intermediate_size": 4 * shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.width // 32,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "vocab_size": shape.words,
        "sliding_window": 1024,
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": spelt["<end_of_turn>"],
    }
    vision = {
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "patch_size": PATCH,
    }
    torch.manual_seed(0)
    network = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config=text,
            vision_config=vision,
            mm_tokens_per_image=IMAGE_TOKENS,
            image_token_index=spelt["<image_soft_token>"],
        )
    )
    model = Gemma3(network, words)
    for name, weight in network.named_parameters():
        weight.requires_grad_(model.part(name) == "language")
    return model


def questions(model: Gemma3, count: int, seed: int = 0) -> list[Example]:
    """Short questions about one picture, which they may share."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(256, size=(SIDE, SIDE), dtype=np.uint8)
    images = (Span(1, 1 + IMAGE_TOKENS),)
    made = []
    for _ in range(count):
        asked = rng.integers(300, 1000, size=int(rng.integers(14, 23))).tolist()
        prefix = (2, *(model.image_id,) * IMAGE_TOKENS, *asked)
        suffix = (*rng.integers(300, 1000, size=4).tolist(), model.eos_id)
        shared = 1 + IMAGE_TOKENS
        made.append(Example(prefix, suffix, (picture,), images, shared))
    return made
