"""Tiny twins of every family: random weights, in the classes that real weights come in."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from diascope.imaging.scaling import Scaling
from diascope.models.composed import Composed, compose
from diascope.models.composition import Composition, ProjectorConfig, Source
from diascope.models.gemma3 import Gemma3
from diascope.models.paligemma import PaliGemma
from diascope.models.qwen_vl import PERMILLE, QWEN_3, QwenVL
from diascope.models.tiny import configuration, from_scratch, tokenizer
from diascope.models.transformer import Transformer

GEMMA_TOKENS = ["<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>"]


@pytest.fixture(scope="session")
def paligemma_2() -> PaliGemma:
    """A random PaliGemma 2: its language model is Gemma 2, with soft caps and a sliding window."""
    words = tokenizer()
    plan = configuration(words).to_dict()
    plan["vision_config"]["num_hidden_layers"] = 1
    plan["text_config"] |= {
        "model_type": "gemma2",
        "num_hidden_layers": 2,
        "sliding_window": 256,
        "query_pre_attn_scalar": 32,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PaliGemmaForConditionalGeneration(PaliGemmaConfig(**plan))
    return PaliGemma(network.eval(), words)


def spelling(*tokens: str) -> PreTrainedTokenizerFast:
    """tiny's tokenizer with more special tokens."""
    words = tokenizer()
    words.add_special_tokens({"additional_special_tokens": list(tokens)})
    return words


@pytest.fixture(scope="session")
def gemma_3() -> Gemma3:
    """A random Gemma 3, its sliding window narrower than a conversation."""
    words = spelling(*GEMMA_TOKENS, "<image_soft_token>", "<unused94>", "<unused95>")
    spelt = dict(zip(words.all_special_tokens, words.all_special_ids, strict=True))
    text = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "vocab_size": len(words),
        "sliding_window": 24,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": spelt["<end_of_turn>"],
    }
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 128,
        "patch_size": 16,
    }
    config = Gemma3Config(
        text_config=text,
        vision_config=vision,
        mm_tokens_per_image=16,
        image_token_index=spelt["<image_soft_token>"],
        boi_token_index=spelt["<start_of_image>"],
        eoi_token_index=spelt["<end_of_image>"],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Gemma3ForConditionalGeneration(config)
    return Gemma3(network.eval(), words)


def qwen_words() -> PreTrainedTokenizerFast:
    ends = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
    return spelling(*ends, "<|image_pad|>", "<|video_pad|>")


def qwen_text(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "vocab_size": len(words),
    }


def qwen_ids(words: PreTrainedTokenizerFast) -> dict[str, int]:
    spelt = dict(zip(words.all_special_tokens, words.all_special_ids, strict=True))
    names = ("image_pad", "video_pad", "vision_start", "vision_end")
    keys = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    return {key: spelt[f"<|{name}|>"] for key, name in zip(keys, names, strict=True)}


@pytest.fixture(scope="session")
def qwen_2_5() -> QwenVL:
    """A random Qwen2.5-VL: positions on three axes, windows in its vision tower."""
    words = qwen_words()
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "out_hidden_size": 64,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    text = qwen_text(words) | {"rope_parameters": rope}
    config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, **qwen_ids(words))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Qwen2_5_VLForConditionalGeneration(config)
    return QwenVL(network.eval(), words)


@pytest.fixture(scope="session")
def qwen_3() -> QwenVL:
    """A random Qwen3-VL: features of the tower's first layer join the decoder's first."""
    words = qwen_words()
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "out_hidden_size": 64,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    text = qwen_text(words) | {"rope_parameters": rope}
    config = Qwen3VLConfig(text_config=text, vision_config=vision, **qwen_ids(words))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Qwen3VLForConditionalGeneration(config)
    return QwenVL(network.eval(), words, dialect=PERMILLE, chat=QWEN_3, scaling=Scaling())


@pytest.fixture(scope="session")
def words_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a tokenizer for chats."""
    folder = tmp_path_factory.mktemp("words")
    spelling("<s>", "</s>", "<|im_start|>", "<|im_end|>").save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def composition(words_folder: Path) -> Composition:
    """A DINOv2 with a register, a C-Abstractor that shrinks its grid, a Mistral."""
    vision = {
        "model_type": "dinov2",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 112,
        "patch_size": 14,
    }
    language = {
        "model_type": "mistral",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "vocab_size": len(PreTrainedTokenizerFast.from_pretrained(words_folder)),
        "sliding_window": None,
    }
    return Composition(
        vision=Source(scratch=vision),
        language=Source(scratch=language, tokenizer=str(words_folder)),
        projector=ProjectorConfig(kind="c_abstractor", tokens=16, hidden=32, depth=1),
        chat="mistral",
    )


@pytest.fixture(scope="session")
def composed(composition: Composition) -> Composed:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = compose(composition, torch.float32)
    made.network.eval()
    return made


@pytest.fixture(scope="session")
def tiny() -> PaliGemma:
    made = from_scratch(seed=0)
    made.network.eval()
    return made


FAMILIES = ["tiny", "paligemma_2", "gemma_3", "qwen_2_5", "qwen_3", "composed"]


@pytest.fixture(scope="session", params=FAMILIES)
def any_model(request: pytest.FixtureRequest) -> Transformer:
    """Each family in turn."""
    made: Transformer = request.getfixturevalue(request.param)
    return made
