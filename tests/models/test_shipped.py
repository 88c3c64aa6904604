"""tiny's parts by themselves, as a composed model takes them."""

import torch

from diascope.models.composed import compose
from diascope.models.composition import Composition, ProjectorConfig, Source
from diascope.models.parts import shipped
from diascope.models.tiny import load


def test_the_language_model_is_tinys_own() -> None:
    """A text read in order gives the states that the weights in the package give."""
    made, words = shipped.language(torch.float32)
    whole = load(None, torch.float32).network.model.language_model
    ids = torch.tensor([words("The heart is enlarged.")["input_ids"]])
    causal = torch.ones(1, 1, ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
    with torch.no_grad():
        here = made.model(input_ids=ids).last_hidden_state
        there = whole(input_ids=ids, attention_mask=causal).last_hidden_state
    torch.testing.assert_close(here, there)
    assert made.config.use_bidirectional_attention is False


def test_what_ends_a_chat_begins_as_what_ends_a_text() -> None:
    made, words = shipped.language(torch.float32)
    table = made.get_input_embeddings().weight
    ends, starts = (words.convert_tokens_to_ids(token) for token in ("</s>", "<s>"))
    assert torch.equal(table[ends], table[words.eos_token_id])
    assert torch.equal(table[starts], table[words.bos_token_id])
    assert made.lm_head.weight.data_ptr() == table.data_ptr()
    assert len(table) == len(words)


def test_a_composed_model_takes_both_parts(tmp_path) -> None:
    plan = Composition(
        vision=Source(path="tiny"),
        language=Source(path="tiny"),
        projector=ProjectorConfig(kind="c_abstractor", tokens=16, hidden=32, depth=1),
        chat="mistral",
    )
    made = compose(plan, torch.float32)
    tower = load(None, torch.float32).network.model.vision_tower
    for name, weight in tower.named_parameters():
        assert torch.equal(weight, made.network.vision.network.get_parameter(name))
    assert (made.canvas, made.network.projector.num_tokens) == ((128, 128), 16)
    assert made.spell(made.eos_id) == "</s>"
