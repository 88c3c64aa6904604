"""How much memory a training step takes at the most, told before it is taken.

The step is walked through with tensors that have shapes and no storage (torch's fake tensors), on a
copy of the network without its weights, while every storage that would be alive is counted. So a
model need not fit here, nor its weights be at hand: a network made on the meta device will do.

walked = Walked(model, names_of_what_moves, moments=2)
print(walked.forecast(pack(longest(feed, 16))))
"""

import copy
from collections.abc import Set
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)

from diascope.batching import Batch, Canvas, Example, Looked, Span
from diascope.models.transformer import Transformer
from diascope.training.features import Stage
from diascope.training.memory import Live, process_bytes
from diascope.training.optimconfig import OptimConfig


@dataclass(frozen=True)
class Forecast:
    """Bytes that a run holds at the most, by what they are for, and the arithmetic of a step."""

    process: int
    """Python, libraries and data: what the process holds beside its weights."""
    weights: int
    moments: int
    """Of the optimiser."""
    work: int
    """Gradients, and what the forward pass keeps for the backward pass, where they are most."""
    flops: int
    """Floating-point operations of one forward and backward pass, multiplications and additions;
    attention that looks back alone is counted as if it saw everything."""

    @property
    def peak(self) -> int:
        """The sum of the bytes."""
        return self.process + self.weights + self.moments + self.work

    def __str__(self) -> str:
        named = [each.name for each in fields(self) if each.name != "flops"]
        parts = ", ".join(f"{getattr(self, name) / 1e9:.2f} {name}" for name in named)
        return f"memory: {self.peak / 1e9:.2f} GB at the most ({parts})"


@dataclass(frozen=True)
class Walked:
    """A model, and how a phase trains it."""

    model: Transformer
    moving: Set[str]
    """Names of the weights that move."""
    moments: int = 2
    """Numbers that the optimiser keeps of each of them."""
    accumulate: int = 1
    half: bool = False
    """Whether autocast computes in bfloat16."""
    kept: Stage | None = None
    """What is kept of pictures (see features)."""

    def forecast(self, batch: Batch) -> Forecast | None:
        """What a step on this batch holds at the most; None where a tower cannot be walked through.

        Shapes in Qwen-VL's hang on the values of a tensor; what is kept of pictures stands in for
        it where it does not move.
        """
        try:
            return self._forecast(batch)
        except (DataDependentOutputException, DynamicOutputShapeException):
            return None

    def _forecast(self, batch: Batch) -> Forecast:
        with FakeTensorMode(allow_non_fake_inputs=True):
            model = replace(self.model, network=_hollow(self.model.network, self.moving))
            filled = _filled(model, batch, self.kept)
            first = _walk(model, filled, self.half)
            again = _walk(model, filled, self.half) if self.accumulate > 1 else first
            every = list(model.network.parameters())
        weights = sum(each.nbytes for each in every)
        grown = sum(each.nbytes for each in every if each.requires_grad)
        gradients = grown if self.accumulate > 1 else 0
        return Forecast(
            process_bytes(self.model.network),
            weights,
            self.moments * grown,
            gradients + again.peak,
            first.flops,
        )


def moments_of(optim: OptimConfig) -> int:
    """Numbers that an optimiser keeps of every weight."""
    if optim.name == "sgd":
        return 1 if optim.momentum > 0 else 0
    return 2


def stand_in(
    model: Transformer, images: int, tokens_per_image: int, prefix: int, suffix: int
) -> Example:
    """An example of these sizes that says nothing, for a model whose tokenizer is not at hand.

    `prefix` counts text tokens alone. Prefixes of models that do not chat (PaliGemma) see
    themselves both ways.
    """
    width, height = model.canvas
    blank: Canvas = torch.zeros((height, width), dtype=torch.uint8).numpy()
    given = (model.image_id,) * (images * tokens_per_image) + (0,) * prefix
    both_ways = () if hasattr(model, "chat") else (Span(0, len(given)),)
    return Example(given, (0,) * suffix, (blank,) * images, both_ways)


def _walk(model: Transformer, batch: Batch, half: bool) -> Live:
    """One forward and backward pass."""
    device = next(model.network.parameters()).device.type
    live = Live()
    with live, torch.autocast(device, dtype=torch.bfloat16, enabled=half):
        _loss(model, batch).backward()  # type: ignore[no-untyped-call]
    return live


def _loss(model: Transformer, batch: Batch) -> Tensor:
    """What training.loss holds: the places that are answered, their logits, what is told of them.

    Which places they are does not matter, so that nothing hangs on values.
    """
    count = sum(weight > 0 for weight in batch.loss_weights.tolist())
    logits = model.head(model.hidden(batch, everywhere=False)[:count])
    logprobs = torch.log_softmax(logits, dim=-1)
    losses = -logprobs.gather(1, batch.input_ids[:count, None])[:, 0]
    total = losses.sum()
    with torch.no_grad():
        told = logits.argmax(dim=-1), -(logprobs.exp() * logprobs).sum(dim=-1)
    del told
    return total


def _filled(model: Transformer, batch: Batch, kept: Stage | None) -> Batch:
    """With stand-ins for what is kept of the batch's pictures."""
    if kept is None or not batch.looks:
        return batch
    if kept == "looked":
        with torch.no_grad():
            features = tuple(torch.empty_like(each) for each in model.look(batch.canvases))
        return replace(batch, looked=Looked(features, projected=False))
    places = batch.input_ids.tolist().count(model.image_id)
    features = (torch.empty(places, model.width, dtype=model.network.dtype),)
    return replace(batch, looks=(0,), looked=Looked(features, projected=True))


def _hollow(network: nn.Module, moving: Set[str]) -> nn.Module:
    """The network without storage, on its device; on the processor where it is on none."""
    hollow: dict[int, Any] = {}
    for name, weight in network.named_parameters():
        hollow[id(weight)] = nn.Parameter(_empty(weight), requires_grad=name in moving)
    for buffer in network.buffers():
        hollow[id(buffer)] = _empty(buffer)
    return copy.deepcopy(network, hollow)


def _empty(tensor: Tensor) -> Tensor:
    device = torch.device("cpu") if tensor.is_meta else tensor.device
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
