import pytest
import torch
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import configuration, tokenizer


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
