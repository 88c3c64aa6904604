"""The parts of tiny, for composed models that learn without a download.

Its vision tower has learnt to see drawn images and its language model to write of them; a composed
model of the two differs from tiny in what lies between them, and in reading in order.
"""

import copy
from typing import Any, cast

import torch
from torch import nn
from transformers import GemmaForCausalLM, PreTrainedTokenizerFast

from diascope.models.tiny import load, tokenizer

NAME = "tiny"
"""The path that means a part of the shipped model."""
CHAT_TOKENS = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
"""Those of the chats that a composed model may have; tiny has none of its own."""


def tower(dtype: torch.dtype) -> nn.Module:
    """tiny's SigLIP, 128 px in 64 patches of width 192."""
    return cast("nn.Module", load(None, dtype).network.model.vision_tower)


def language(dtype: torch.dtype) -> tuple[GemmaForCausalLM, PreTrainedTokenizerFast]:
    """tiny's Gemma by itself, and its words with the tokens of chats beside them.

    Each of those starts as what ends or begins a text for tiny, which it knows.
    """
    whole, words = load(None, dtype).network, chatting_tokenizer()
    config = copy.deepcopy(whole.config.text_config)
    config.use_bidirectional_attention = False  # so that transformers alone reads it in order too
    made: Any = GemmaForCausalLM(config)
    made.to(dtype)
    made.model.load_state_dict(whole.model.language_model.state_dict())
    made.tie_weights()
    made.resize_token_embeddings(len(words), mean_resizing=False)
    table = made.get_input_embeddings().weight
    with torch.no_grad():
        for token in CHAT_TOKENS:
            like = words.eos_token_id if token in ("</s>", "<|im_end|>") else words.bos_token_id
            table[cast("int", words.convert_tokens_to_ids(token))] = table[cast("int", like)]
    return made, words


def chatting_tokenizer() -> PreTrainedTokenizerFast:
    """tiny's tokenizer with the special tokens of chats."""
    words = tokenizer()
    words.add_special_tokens({"additional_special_tokens": list(CHAT_TOKENS)})
    return words
