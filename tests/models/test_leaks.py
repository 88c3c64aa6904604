"""An answer must not see what it is to say: no later token may change an earlier logit.

Without its blocks PaliGemma attends both ways everywhere; its loss falls beautifully and it is
useless. Every family and every path is held to it: packed (training), shared, padded on the left,
cached.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from diascope.answers import Text
from diascope.batching import Example, Span, pack, pixels
from diascope.expectations import Free
from diascope.generation.torch_engine import Decoder
from diascope.models.composed import Composed
from diascope.models.gemma3 import Gemma3
from diascope.models.paligemma import PaliGemma
from diascope.models.qwen_vl import QwenVL
from diascope.models.transformer import Transformer
from diascope.records import Image, Record, Turn

LONG = "a much longer question than the other one"


def example(
    model: Transformer, question: str, answer: str, shade: int = 90, images: int = 1
) -> Example:
    """A question about grey pictures, as the family renders it."""
    pictures = tuple(
        Image(path=f"{number}.png", width=128, height=128, role=f"view {number}")
        for number in range(images)
    )
    turn = Turn(task="vqa", question=question, expects=Free(max_chars=200))
    record = Record(
        id="r",
        dataset="d",
        patient="p",
        study="s",
        split="train",
        licence="CC0-1.0",
        images=pictures,
        turns=(turn,),
    )
    width, height = model.canvas_map(pictures[0].size).canvas
    canvases = [np.full((height, width), shade + number, np.uint8) for number in range(images)]
    return model.render(record.cases()[0], canvases, (), Text(text=answer))


def logits(model: Transformer, *examples: Example) -> list[Tensor]:
    """[suffix, vocabulary] that predict the suffix of each example of a packed row."""
    batch = pack(examples)
    with torch.no_grad():
        chosen = batch.loss_weights.nonzero()[:, 0] - 1
        whole = model.head(model.hidden(batch)[chosen])
    return list(whole.split([len(each.suffix) for each in examples]))


def changed(one: Example, place: int) -> Example:
    """With another token at a place of its suffix."""
    suffix = list(one.suffix)
    suffix[place] = (suffix[place] + 7) % 300 + 10
    return replace(one, suffix=tuple(suffix))


def test_a_later_answer_token_changes_no_earlier_logit(any_model: Transformer) -> None:
    long = example(any_model, LONG, "no", 30)
    one = example(any_model, "where is it", "left upper zone")
    before, after = logits(any_model, one, long), logits(any_model, changed(one, 1), long)
    assert torch.equal(before[0][:2], after[0][:2])
    assert not torch.allclose(before[0][2:], after[0][2:])
    assert torch.equal(before[1], after[1])


def test_with_a_wrong_block_the_same_test_fails(any_model: Transformer) -> None:
    """The check itself is checked: all one block is what forgetting the types amounts to."""
    one = example(any_model, "where is it", "left upper zone")
    blind = replace(one, both_ways=(Span(0, one.length),), shared=0)
    before, after = logits(any_model, blind), logits(any_model, changed(blind, 1))
    assert not torch.equal(before[0][:2], after[0][:2])


def test_the_question_changes_the_image_for_paligemma_and_for_no_other(
    any_model: Transformer,
) -> None:
    """PaliGemma's prefix attends both ways, so its images cannot be shared between questions."""
    questions = [example(any_model, f"is it {side}", "no") for side in ("left", "right")]
    place = max(at for at, token in enumerate(questions[0].prefix) if token == any_model.image_id)
    with torch.no_grad():
        a, b = (any_model.hidden(pack([each]))[: place + 1] for each in questions)
    both_ways = isinstance(any_model, PaliGemma)
    assert torch.allclose(a, b, atol=1e-6) != both_ways
    assert (questions[0].shared == 0) == both_ways


@pytest.mark.parametrize("images", [1, 2])
def test_neighbours_in_a_row_change_nothing(any_model: Transformer, images: int) -> None:
    """Nor does it whether they share their pictures."""
    short = example(any_model, "where is it", "left", images=images)
    same = example(any_model, LONG, "right lower zone", images=images)
    other = example(any_model, LONG, "right lower zone", 200, images)
    alone = [logits(any_model, each)[0] for each in (same, short, other)]
    for got, expected in zip(logits(any_model, same, short, other), alone, strict=True):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    shared = pack([same, short]).input_ids.shape[0] < same.length + short.length
    assert shared != isinstance(any_model, PaliGemma)


def test_sharing_changes_no_gradient(any_model: Transformer) -> None:
    questions = [example(any_model, "where is it", "left"), example(any_model, LONG, "no")]
    alone = [replace(each, shared=0) for each in questions]
    one, other = (gradients(any_model, rows) for rows in (questions, alone))
    gap = max(float((a - b).norm() / (1e-8 + b.norm())) for a, b in zip(one, other, strict=True))
    assert gap < 1e-4


def gradients(model: Transformer, rows: list[Example]) -> list[Tensor]:
    batch = pack(rows)
    chosen = batch.loss_weights.nonzero()[:, 0]
    said = torch.log_softmax(model.head(model.hidden(batch)[chosen - 1]), dim=-1)
    loss = -said.gather(1, batch.input_ids[chosen][:, None]).sum()
    used = [each for each in model.network.parameters() if each.requires_grad]
    found = torch.autograd.grad(loss, used, allow_unused=True)
    return [each for each in found if each is not None and each.norm() > 1e-4]


def test_a_prompt_carries_no_loss(any_model: Transformer) -> None:
    """Zero weight before the answer: what is asked is not learnt."""
    one = example(any_model, LONG, "no")
    weights = pack([one]).loss_weights
    assert not weights[: len(one.prefix)].any()
    assert (weights[len(one.prefix) :] > 0).all()


def test_a_packed_row_is_what_transformers_makes_of_each_example(any_model: Transformer) -> None:
    """Against the family's own forward pass, with the masks that it builds itself."""
    if isinstance(any_model, Composed):
        pytest.skip("a composed model has no forward pass but ours")
    examples = [
        example(any_model, "where is it", "left upper zone"),
        example(any_model, LONG, "right lower zone", 200, images=2),
    ]
    any_model.decoder.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            plain = [plain_logits(any_model, each) for each in examples]
    finally:
        any_model.decoder.set_attn_implementation("diascope")
    for ours, theirs in zip(logits(any_model, *examples), plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def plain_logits(model: Transformer, one: Example) -> Tensor:
    ids = torch.tensor([one.prefix + one.suffix])
    types = torch.tensor([[0] * len(one.prefix) + [1] * len(one.suffix)])
    if isinstance(model, QwenVL):
        return plain_qwen(model, one, ids)
    if isinstance(model, Gemma3):
        types = (ids == model.image_id).long()
    written: Tensor = model.network(
        input_ids=ids,
        pixel_values=pixels(one.canvases),
        token_type_ids=types,
        attention_mask=torch.ones_like(types),
    ).logits
    return written[0, len(one.prefix) - 1 : -1]


def plain_qwen(model: QwenVL, one: Example, ids: Tensor) -> Tensor:
    """With the patches that transformers' own processor cuts, and the positions it counts."""
    processor = Qwen2VLImageProcessorPil(
        do_resize=False,
        image_mean=model.scaling.mean,
        image_std=model.scaling.std,
        patch_size=model._patch,
        merge_size=model._merge,
    )
    seen = processor([np.stack([each] * 3, axis=2) for each in one.canvases], return_tensors="pt")
    written: Tensor = model.network(
        input_ids=ids,
        pixel_values=seen["pixel_values"],
        image_grid_thw=seen["image_grid_thw"],
        mm_token_type_ids=(ids == model.image_id).int(),
        attention_mask=torch.ones_like(ids),
    ).logits
    return written[0, len(one.prefix) - 1 : -1]


def given(one: Example) -> Example:
    """Without its answer."""
    places = None if one.positions is None else one.positions[:, : len(one.prefix)]
    return replace(one, suffix=(), positions=places)


def test_cached_decoding_equals_the_training_pass(any_model: Transformer) -> None:
    """Rows padded on the left and read token by token give the logits of one whole pass."""
    examples = [
        example(any_model, "where is it", "left upper zone"),
        example(any_model, LONG, "right lower zone", 200, images=2),
    ]
    whole = logits(any_model, *examples)
    with torch.inference_mode():
        decoder = Decoder.start(any_model, [given(each) for each in examples])
        for place in range(3):
            for row in range(2):
                expected = whole[row][place]
                torch.testing.assert_close(decoder.logits[row], expected, atol=1e-3, rtol=1e-3)
            decoder.step([0, 1], [each.suffix[place] for each in examples])


def test_rows_that_leave_do_not_disturb_the_others(any_model: Transformer) -> None:
    examples = [
        given(example(any_model, "where is it", "left")),
        given(example(any_model, "how many are there", "3", 7)),
    ]
    with torch.inference_mode():
        both, alone = Decoder.start(any_model, examples), Decoder.start(any_model, examples[1:])
        both.step([1], [20])
        alone.step([0], [20])
    torch.testing.assert_close(both.logits, alone.logits, atol=1e-3, rtol=1e-3)
