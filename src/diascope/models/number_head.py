"""A small head that reads a number off the last state of the prefix, beside the tokens.

It says where in the asked range the answer lies, 0 at its lower bound and 1 at the upper one, so
that one head serves millimetres, years and counts. A model folder keeps it in a file of its own:
transformers loads the rest without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from diascope.errors import InputError
from diascope.models.family import VisionLanguageModel

FILE = "number_head.safetensors"
_NAME = "number_head"
_HIDDEN = 64


class NumberHead(nn.Module):
    """A layer norm and two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.last = nn.Linear(width, _HIDDEN), nn.Linear(_HIDDEN, 1)
        nn.init.constant_(self.last.bias, 0.5)  # the middle of the range

    def forward(self, states: Tensor) -> Tensor:
        """[rows] shares of the range of states [rows, width]; they may lie outside 0 to 1."""
        hidden = nn.functional.gelu(self.first(self.norm(states.float())))
        shares: Tensor = self.last(hidden)[:, 0].float()
        return shares


def attach(model: VisionLanguageModel, seed: int) -> NumberHead:
    """Give the model a new head, or leave it the one it has."""
    known = head_of(model)
    if known is not None:
        return known
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = NumberHead(model.width)
    model.network.add_module(_NAME, head)
    return head


def head_of(model: VisionLanguageModel) -> NumberHead | None:
    """The head of a model that has one."""
    return cast("NumberHead | None", getattr(model.network, _NAME, None))


def restore(model: VisionLanguageModel, folder: Path) -> None:
    """Attach the head that a model folder holds, if it does; InputError where it does not fit."""
    path = folder / FILE
    if not path.is_file():
        return
    try:
        attach(model, seed=0).load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError):
        told = f"{path} is no number head of this model, whose states are {model.width} wide"
        raise InputError(f"{told}: train again with loss.number_head, or remove the file") from None


@contextmanager
def kept_apart(model: VisionLanguageModel, folder: Path) -> Iterator[None]:
    """While it lasts the network has no head; then the head is written into the folder."""
    head = head_of(model)
    if head is None:
        yield
        return
    delattr(model.network, _NAME)
    yield
    save_file(head.state_dict(), folder / FILE)
    model.network.add_module(_NAME, head)
