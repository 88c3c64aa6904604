"""The architectures of published models, by the names of their folders.

So that a run with them can be planned where none of them is. What is not said here is as
transformers' configuration classes have it. From the models' own config.json, and for the sizes of
PaliGemma 2 from arXiv 2412.03555.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from diascope.errors import InputError, nearest

Fields = Mapping[str, Any]
"""Of a transformers configuration, `model_type` among them."""

_SIGLIP = {
    "model_type": "siglip_vision_model",
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "patch_size": 14,
    "vision_use_head": False,
}
_WORDS = {"vocab_size": 257216, "head_dim": 256}


def _decoder(width: int, layers: int, inner: int, heads: int, groups: int) -> dict[str, Any]:
    """`groups` of heads share keys and values."""
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "intermediate_size": inner,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
    }


_GEMMA2 = {
    "3b": _decoder(2304, 26, 9216, 8, 4),
    "10b": _decoder(3584, 42, 14336, 16, 8),
    "28b": _decoder(4608, 46, 36864, 32, 16) | {"head_dim": 128},
}


def _paligemma(text: Fields, side: int) -> dict[str, Any]:
    return {
        "model_type": "paligemma",
        "text_config": dict(text),
        "vision_config": _SIGLIP | {"image_size": side},
        "projection_dim": text["hidden_size"],
        "image_token_index": 257152,
    }


def _all() -> dict[str, dict[str, Any]]:
    gemma = {"model_type": "gemma"} | _WORDS | _decoder(2048, 18, 16384, 8, 1)
    found = {f"paligemma-3b-pt-{side}": _paligemma(gemma, side) for side in (224, 448, 896)}
    for size, decoder in _GEMMA2.items():
        text = {"model_type": "gemma2"} | _WORDS | decoder
        sides = (224, 448, 896)
        found |= {f"paligemma2-{size}-pt-{side}": _paligemma(text, side) for side in sides}
    return found | dict.fromkeys(("medgemma-4b-it", "medgemma-1.5-4b-it"), _MEDGEMMA) | _PARTS


_MEDGEMMA = {
    "model_type": "gemma3",
    "text_config": {
        "model_type": "gemma3_text",
        "vocab_size": 262208,
        "head_dim": 256,
        "sliding_window": 1024,
        **_decoder(2560, 34, 10240, 8, 4),
    },
    "vision_config": _SIGLIP | {"image_size": 896},
    "mm_tokens_per_image": 256,
    "image_token_index": 262144,
    "boi_token_index": 255999,
    "eoi_token_index": 256000,
}
_PARTS = {
    "rad-dino": {
        "model_type": "dinov2",
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "image_size": 518,
        "patch_size": 14,
    },
    "Mistral-7B-Instruct-v0.2": {
        "model_type": "mistral",
        "vocab_size": 32000,
        "max_position_embeddings": 32768,
        "sliding_window": None,
        **_decoder(4096, 32, 14336, 32, 8),
    },
    "Llama-2-7b-chat-hf": {
        "model_type": "llama",
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        **_decoder(4096, 32, 11008, 32, 32),
    },
}
PUBLISHED: Mapping[str, Fields] = MappingProxyType(_all())


def published(path: str) -> dict[str, Any]:
    """The fields of a folder by its last name; InputError where no such model is known."""
    name = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    if name not in PUBLISHED:
        raise InputError(
            f"there is no {path}, and how a model called {name!r} is built is not known here"
            + nearest(name, PUBLISHED)
        )
    return dict(PUBLISHED[name])
