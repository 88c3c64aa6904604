"""A language model whose matrices are held in 4 or 8 bits, for low-rank updates beside them.

QLoRA (Dettmers et al., 2023). bitsandbytes does the arithmetic; it is no dependency of diascope.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import nn

from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel

Kind = Literal["nf4", "int8"]


def bitsandbytes(wanted_by: str) -> Any:
    """The package; InputError with its name where it is not installed."""
    if find_spec("bitsandbytes") is None:
        raise InputError(f"{wanted_by} needs bitsandbytes: pip install bitsandbytes")
    return import_module("bitsandbytes")


def quantise(model: VisionLanguageModel, kind: Kind) -> None:
    """Hold the matrices of the language model in fewer bits, its head and tables as they are.

    They are frozen for good: what moves is put beside them.
    """
    package = bitsandbytes(f"model.quantise = {kind!r}")
    decoder: Any = model.decoder
    for name, module in list(decoder.named_modules()):
        if type(module) is nn.Linear:
            parent, _, last = name.rpartition(".")
            setattr(decoder.get_submodule(parent), last, _smaller(package, module, kind))


def is_quantised(network: nn.Module) -> bool:
    """Whether any matrix of a network is held in fewer bits."""
    return any(
        hasattr(weight, "quant_state") or weight.dtype == torch.int8
        for weight in network.parameters()
    )


def _smaller(package: Any, whole: nn.Linear, kind: Kind) -> nn.Module:
    sizes, has_bias = (whole.in_features, whole.out_features), whole.bias is not None
    if kind == "nf4":
        made = package.nn.Linear4bit(
            *sizes, bias=has_bias, compute_dtype=whole.weight.dtype, quant_type="nf4"
        )
        made.weight = package.nn.Params4bit(
            whole.weight.data, requires_grad=False, quant_type="nf4"
        )
    else:
        made = package.nn.Linear8bitLt(*sizes, bias=has_bias, has_fp16_weights=False)
        made.weight = package.nn.Int8Params(
            whole.weight.data, requires_grad=False, has_fp16_weights=False
        )
    if has_bias:
        made.bias = whole.bias
    placed: nn.Module = made.to(whole.weight.device)
    return placed
