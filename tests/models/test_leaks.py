"""An answer must not see what it is to say: no later token may change an earlier logit.

Without its blocks PaliGemma attends both ways everywhere; its loss falls beautifully and it is
useless. Every path is held to it: packed (training), padded on the left, cached.
"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diascope.batching import Example, Span, pack
from diascope.generation.torch_engine import Decoder
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import from_scratch


@pytest.fixture(scope="module", params=["tiny", "paligemma 2"])
def model(request: pytest.FixtureRequest) -> PaliGemma:
    if request.param == "paligemma 2":
        made: PaliGemma = request.getfixturevalue("paligemma_2")
        return made
    tiny = from_scratch(seed=0)
    tiny.network.eval()
    return tiny


def example(model: PaliGemma, question: str, answer: str, shade: int = 90) -> Example:
    image = [model.image_id] * model._tokens_per_image
    canvas = torch.full((128, 128), shade, dtype=torch.uint8).numpy()
    prefix = (*image, model._bos_id, *model.encode(question), *model.encode("\n"))
    return model.example(prefix, (*model.encode(answer), model.eos_id), (canvas,))


def logits(model: PaliGemma, *examples: Example) -> list[Tensor]:
    """[tokens, vocabulary] of each example of a packed row."""
    with torch.no_grad():
        whole = model.head(model.hidden(pack(examples)))
    return list(whole.split([each.length for each in examples]))


def changed(one: Example, place: int) -> Example:
    """With another token at a place of its suffix."""
    suffix = list(one.suffix)
    suffix[place] = (suffix[place] + 7) % 300 + 10
    return replace(one, suffix=tuple(suffix))


def test_a_later_answer_token_changes_no_earlier_logit(model: PaliGemma) -> None:
    long = example(model, "a much longer question than the other one", "no")
    one = example(model, "where is it", "left upper zone")
    last = one.length - 2
    before, after = logits(model, one, long), logits(model, changed(one, -2), long)
    assert torch.equal(before[0][:last], after[0][:last])
    assert not torch.allclose(before[0][last:], after[0][last:])
    assert torch.equal(before[1], after[1])


def test_with_a_wrong_block_the_same_test_fails(model: PaliGemma) -> None:
    """The check itself is checked: all one block is what forgetting the types amounts to."""
    one = example(model, "where is it", "left upper zone")
    blind = replace(one, both_ways=(Span(0, one.length),))
    last = one.length - 2
    before, after = logits(model, blind), logits(model, changed(blind, -2))
    assert not torch.equal(before[0][:last], after[0][:last])


def test_the_question_changes_what_is_seen_in_the_image(model: PaliGemma) -> None:
    """PaliGemma's prefix attends both ways, so image positions cannot be cached over questions."""
    questions = [example(model, f"is it {side}", "no") for side in ("left", "right")]
    with torch.no_grad():
        a, b = (model.hidden(pack([each]))[: model._tokens_per_image] for each in questions)
    assert not torch.allclose(a, b)


def test_neighbours_in_a_row_change_nothing(model: PaliGemma) -> None:
    short = example(model, "where is it", "left")
    long = example(model, "a much longer question than the other one", "right lower zone")
    alone, together = logits(model, short), logits(model, long, short)
    torch.testing.assert_close(together[1], alone[0], atol=1e-4, rtol=1e-4)


def test_a_packed_row_is_what_transformers_makes_of_each_example(model: PaliGemma) -> None:
    """Against the family's own forward pass, with the masks that it builds itself."""
    examples = [
        example(model, "where is it", "left upper zone"),
        example(model, "a much longer question than the other one", "right lower zone", 200),
    ]
    model.decoder.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            plain = [plain_logits(model, each) for each in examples]
    finally:
        model.decoder.set_attn_implementation("diascope")
    for ours, theirs in zip(logits(model, *examples), plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def plain_logits(model: PaliGemma, one: Example) -> Tensor:
    from diascope.batching import pixels

    types = torch.tensor([[0] * len(one.prefix) + [1] * len(one.suffix)])
    written: Tensor = model.network(
        input_ids=torch.tensor([one.prefix + one.suffix]),
        pixel_values=pixels(one.canvases),
        token_type_ids=types,
        attention_mask=torch.ones_like(types),
    ).logits
    return written[0]


def test_cached_decoding_equals_the_training_pass(model: PaliGemma) -> None:
    """Rows padded on the left and read token by token give the logits of one whole pass."""
    examples = [
        example(model, "where is it", "left upper zone"),
        example(model, "a much longer question than the other one", "right lower zone", 200),
    ]
    whole = logits(model, *examples)
    given = [model.example(each.prefix, (), each.canvases) for each in examples]
    with torch.inference_mode():
        decoder = Decoder.start(model, given)
        for place in range(3):
            for row, each in enumerate(examples):
                expected = whole[row][len(each.prefix) - 1 + place]
                torch.testing.assert_close(decoder.logits[row], expected, atol=1e-3, rtol=1e-3)
            decoder.step([0, 1], [each.suffix[place] for each in examples])


def test_rows_that_leave_do_not_disturb_the_others(model: PaliGemma) -> None:
    examples = [example(model, "where is it", "left"), example(model, "how many are there", "3", 7)]
    given = [model.example(each.prefix, (), each.canvases) for each in examples]
    with torch.inference_mode():
        both, alone = Decoder.start(model, given), Decoder.start(model, given[1:])
        both.step([1], [20])
        alone.step([0], [20])
    torch.testing.assert_close(both.logits, alone.logits, atol=1e-3, rtol=1e-3)
