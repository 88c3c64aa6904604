"""Frozen matrices in bfloat16: half the bytes, nearly the same loss, nothing that moves touched."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from diascope.models.transformer import Transformer
from diascope.training import held
from diascope.training.loss import learn
from diascope.training.supervision import HARD

from .test_forecast import moving, row


def own(model: Transformer) -> Transformer:
    """A copy whose weights may be changed."""
    return replace(model, network=copy.deepcopy(model.network))


def gradients(model: Transformer, names: set[str]) -> list[torch.Tensor]:
    for name, weight in model.network.named_parameters():
        weight.requires_grad_(name in names)
        weight.grad = None
    learn(model, row(model), HARD).total.backward()
    return [w.grad for n, w in model.network.named_parameters() if n in names]


def test_the_loss_is_nearly_the_same_and_so_is_the_gradient(any_model: Transformer) -> None:
    names = {n for n in moving(any_model, "language") if ".self_attn." in n}
    plain, other = own(any_model), own(any_model)
    held.hold(other.network, names)
    with torch.no_grad():
        told, near = (learn(each, row(each), HARD).total.item() for each in (plain, other))
    assert near == pytest.approx(told, rel=1e-2)
    for one, two in zip(gradients(plain, names), gradients(other, names), strict=True):
        assert float((one - two).norm()) <= 0.1 * float(one.norm()) + 1e-4


def test_what_moves_stays_as_it_is(any_model: Transformer) -> None:
    names = moving(any_model, "projector") | {
        n for n in moving(any_model, "language") if ".self_attn." in n
    }
    model = own(any_model)
    held.hold(model.network, names)
    for name, weight in model.network.named_parameters():
        assert name not in names or weight.dtype == torch.float32
    shares = [w.element_size() for n, w in model.network.named_parameters() if "mlp" in n]
    assert 2 in shares


def test_what_is_given_back_is_float32_and_rounded(any_model: Transformer) -> None:
    model = own(any_model)
    held.hold(model.network, set())
    held.release(model.network)
    before = dict(any_model.network.named_parameters())
    for name, weight in model.network.named_parameters():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, before[name]) or torch.equal(
            weight, before[name].bfloat16().float()
        )
    for one, other in zip(any_model.network.modules(), model.network.modules(), strict=True):
        assert type(one) is type(other)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("part", [1 << 23, 100])
def test_a_held_layer_is_the_layer_of_its_rounded_weights(
    monkeypatch: pytest.MonkeyPatch, part: int, bias: bool
) -> None:
    """A part at a time as well as whole: output, gradient of the input, gradient of the bias."""
    monkeypatch.setattr(held, "_PART", part)
    torch.manual_seed(0)
    plain = nn.Linear(24, 40, bias=bias)
    plain.weight.data = plain.weight.data.bfloat16().float()
    twin = nn.Sequential(copy.deepcopy(plain))
    held.hold(twin, {"0.bias"})
    values = torch.randn(3, 5, 24)
    told = []
    for layer in (plain, twin):
        given = values.clone().requires_grad_()
        out = layer(given)
        (out * torch.arange(40)).sum().backward()
        told.append((out, given.grad))
    for one, other in zip(*told, strict=True):
        torch.testing.assert_close(one, other)
    if bias:
        torch.testing.assert_close(plain.bias.grad, twin[0].bias.grad)
    assert twin[0].weight.grad is None
    assert twin[0].weight.dtype == torch.bfloat16
