"""A last layer that reads only what is asked says the same of it, and teaches the same."""

import pytest
import torch

from diascope.batching import pack
from diascope.models.transformer import Transformer

from .test_leaks import LONG, example


def test_the_states_that_are_asked_for_and_their_gradients_are_the_same(
    any_model: Transformer,
) -> None:
    batch = pack(
        [
            example(any_model, "where is it", "left upper zone"),
            example(any_model, LONG, "no"),
            example(any_model, LONG, "right lower zone", 200),
        ]
    )
    places = batch.loss_weights.nonzero()[:, 0] - 1
    whole, narrow = (any_model.hidden(batch, everywhere)[places] for everywhere in (True, False))
    torch.testing.assert_close(narrow, whole, atol=1e-5, rtol=1e-5)
    weights = [weight for weight in any_model.network.parameters() if weight.requires_grad]
    asked = torch.randn(whole.shape, generator=torch.Generator().manual_seed(0))
    found = [
        torch.autograd.grad((states * asked).sum(), weights, allow_unused=True)
        for states in (whole, narrow)
    ]
    for one, other in zip(*found, strict=True):
        if one is None or other is None:
            assert one is other
            continue
        assert float((one - other).norm()) <= 1e-3 * float(one.norm()) + 1e-5


def test_it_reads_less(any_model: Transformer) -> None:
    """Only as many tokens as predict an answer pass the last feed-forward part."""
    batch = pack([example(any_model, LONG, "no")])
    passed: list[int] = []
    mlp = any_model.decoder.layers[-1].mlp
    hook = mlp.down_proj.register_forward_hook(lambda _, given, out: passed.append(out.shape[1]))
    with torch.no_grad():
        any_model.hidden(batch, everywhere=False)
        any_model.hidden(batch)
    hook.remove()
    assert passed == [int((batch.loss_weights > 0).sum()), len(batch.input_ids)]


def test_hooks_are_gone_even_after_an_error(any_model: Transformer) -> None:
    from diascope.models.narrowing import narrowed

    mlp = any_model.decoder.layers[-1].mlp
    with pytest.raises(ZeroDivisionError), narrowed(any_model.decoder, [0], 1):
        raise ZeroDivisionError
    assert not mlp._forward_hooks
    assert not mlp._forward_pre_hooks
