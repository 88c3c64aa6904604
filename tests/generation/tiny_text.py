"""Causal language models of a few thousand weights, in transformers' own classes, as folders."""

from itertools import pairwise

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

REPLY = ('{"report": "', "There is no pneumothorax.", '"}')
END, USER = "<|end|>", "<|user|>"


def tokenizer(chat=False):
    """Bytes, the pieces of REPLY, and two special tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: place for place, letter in enumerate(letters)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(piece, special=False, normalized=False) for piece in REPLY])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, additional_special_tokens=[USER]
    )
    if chat:
        fast.chat_template = (
            "{% for each in messages %}<|user|>{{ each['content'] }}<|end|>{% endfor %}"
            "{{ '\\n' if add_generation_prompt else '' }}"
        )
    return fast


def network(words, context=4096, seed=0):
    """Random weights."""
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=context,
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
        pad_token_id=None,
        initializer_range=0.4,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def parrot(words):
    """A network that follows the end of a line by REPLY and the end, whatever came before."""
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=len(words) + len(words) % 2,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
        tie_word_embeddings=False,
    )
    made = LlamaForCausalLM(config)
    newline = words("\n")["input_ids"][-1]
    chain = [newline, *words.convert_tokens_to_ids(list(REPLY)), words.eos_token_id]
    with torch.no_grad():
        for weight in made.parameters():
            if weight.ndim == 2:
                weight.zero_()
        made.get_input_embeddings().weight.fill_diagonal_(1.0)
        for before, after in pairwise(chain):
            made.lm_head.weight[after, before] = 1.0
    return made


def save(folder, made, words):
    """A model folder."""
    made.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
