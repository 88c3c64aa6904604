"""An answer must not see what it is to say: no later token may change an earlier logit.

Without token types PaliGemma attends both ways everywhere; its loss falls beautifully and it is
useless. Every path is held to it: padded on the right (training), padded on the left, cached.
"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diascope.batching import Batch, Example, collate
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
    image = [model._image_id] * model._tokens_per_image
    canvas = torch.full((128, 128), shade, dtype=torch.uint8).numpy()
    prefix = (*image, model._bos_id, *model._encode(question), *model._encode("\n"))
    return Example(prefix, (*model._encode(answer), model.eos_id), (canvas,))


def logits(model: PaliGemma, batch: Batch) -> Tensor:
    with torch.no_grad():
        return model.head(model.hidden(batch))


def padded(model: PaliGemma, *examples: Example) -> Batch:
    return collate(examples, model.pad_id)


def test_a_later_answer_token_changes_no_earlier_logit(model: PaliGemma) -> None:
    long = example(model, "a much longer question than the other one", "no")
    one = padded(model, example(model, "where is it", "left upper zone"), long)
    last = int(one.attention_mask[0].sum()) - 2
    ids = one.input_ids.clone()
    ids[0, last] = (ids[0, last] + 7) % 300 + 10
    other = replace(one, input_ids=ids)
    before, after = logits(model, one), logits(model, other)
    assert torch.equal(before[0, :last], after[0, :last])
    assert not torch.allclose(before[0, last:], after[0, last:])


def test_without_token_types_the_same_test_fails(model: PaliGemma) -> None:
    """The check itself is checked: all prefix is what forgetting the types amounts to."""
    one = padded(model, example(model, "where is it", "left upper zone"))
    last = one.input_ids.shape[1] - 2
    ids = one.input_ids.clone()
    ids[0, last] = (ids[0, last] + 7) % 300 + 10
    types = torch.zeros_like(one.token_type_ids)
    blind = replace(one, token_type_ids=types)
    before, after = logits(model, blind), logits(model, replace(blind, input_ids=ids))
    assert not torch.equal(before[0, :last], after[0, :last])


def test_the_question_changes_what_is_seen_in_the_image(model: PaliGemma) -> None:
    """PaliGemma's prefix attends both ways, so image positions cannot be cached over questions."""
    one = padded(model, example(model, "is it left", "no"))
    other = padded(model, example(model, "is it right", "no"))
    with torch.no_grad():
        a, b = model.hidden(one), model.hidden(other)
    assert not torch.allclose(a[0, : model._tokens_per_image], b[0, : model._tokens_per_image])


def test_padding_changes_nothing(model: PaliGemma) -> None:
    short = example(model, "where is it", "left")
    long = example(model, "a much longer question than the other one", "right lower zone")
    alone, together = padded(model, short), padded(model, short, long)
    length = alone.input_ids.shape[1]
    torch.testing.assert_close(
        logits(model, together)[0, :length], logits(model, alone)[0], atol=1e-4, rtol=1e-4
    )


def test_cached_decoding_equals_the_training_pass(model: PaliGemma) -> None:
    """Rows padded on the left and read token by token give the logits of one whole pass."""
    examples = [
        example(model, "where is it", "left upper zone"),
        example(model, "a much longer question than the other one", "right lower zone", 200),
    ]
    whole = [logits(model, padded(model, each))[0] for each in examples]
    given = [Example(each.prefix, (), each.canvases) for each in examples]
    with torch.inference_mode():
        decoder = Decoder.start(model, given)
        for place in range(3):
            for row, each in enumerate(examples):
                expected = whole[row][len(each.prefix) - 1 + place]
                torch.testing.assert_close(decoder.logits[row], expected, atol=1e-3, rtol=1e-3)
            decoder.step([0, 1], [each.suffix[place] for each in examples])


def test_rows_that_leave_do_not_disturb_the_others(model: PaliGemma) -> None:
    examples = [example(model, "where is it", "left"), example(model, "how many are there", "3", 7)]
    given = [Example(each.prefix, (), each.canvases) for each in examples]
    with torch.inference_mode():
        both, alone = Decoder.start(model, given), Decoder.start(model, given[1:])
        both.step([1], [20])
        alone.step([0], [20])
    torch.testing.assert_close(both.logits, alone.logits, atol=1e-3, rtol=1e-3)
