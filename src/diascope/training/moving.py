"""What moves in each phase of a run: low-rank updates put in, gradients asked for, and a table."""

import warnings
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers.pytorch_utils import Conv1D

from diascope.errors import InputError, nearest
from diascope.models.family import VisionLanguageModel
from diascope.training import heads
from diascope.training.phases import Lora, Part, PartTraining, Phase

ATTENTION = frozenset({"self_attn", "attn", "attention", "self_attention"})
LAYERS = (nn.Linear, Conv1D)
"""Matrices that low-rank updates can be put beside; GPT-2 calls its own Conv1D."""
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
HEADS = frozenset({"number_head", heads.NAME})
"""What is not of the model, and moves because something is learnt with it."""
PARTS: tuple[Part, ...] = ("vision", "projector", "language", "attention", "embeddings")


class Moving(NamedTuple):
    """A weight that moves, and at which share of the learning rate."""

    name: str
    weight: nn.Parameter
    rate: float


class Row(NamedTuple):
    """How many numbers of a part move in a phase."""

    part: str
    how: str
    moving: int
    total: int


@dataclass(frozen=True)
class Movement:
    """A model whose phases are known; `begin` makes it ready for one of them."""

    model: VisionLanguageModel
    plan: Sequence[Phase]

    @classmethod
    def of(cls, model: VisionLanguageModel, plan: Sequence[Phase], seed: int) -> "Movement":
        """Put in what the phases need; InputError where they cannot be.

        All low-rank updates are there from the beginning, and change nothing until they move.
        """
        for part, lora in _loras(plan).items():
            _inject(model, part, lora, seed)
        for layer in (each for each in model.network.modules() if isinstance(each, LoraLayer)):
            layer.set_adapter(list(layer.lora_A))  # the last one put in is else the only active one
        made = cls(model, plan)
        for phase in plan:
            if all(model.part(each.name) in HEADS for each in made.moving(phase)):
                raise InputError(f"phase {phase.name!r}: nothing of this model would move")
        return made

    def begin(self, phase: Phase) -> list[Moving]:
        """Ask for the gradients of what moves, and for no others."""
        moving = list(self.moving(phase))
        wanted = {each.name for each in moving}
        for name, weight in self.model.network.named_parameters():
            weight.requires_grad_(name in wanted)
        return moving

    def moving(self, phase: Phase) -> Iterator[Moving]:
        """The weights that move in a phase."""
        for name, weight in self.model.network.named_parameters():
            part, how = self._how(phase, name)
            if how is not None and _moves(name, part, how):
                yield Moving(name, weight, how.rate)

    def moved(self, phase: Phase) -> set[str]:
        """Names of the weights that have moved when a phase ends."""
        done = self.plan[: self.plan.index(phase) + 1]
        return {each.name for one in done for each in self.moving(one)}

    def table(self, phase: Phase) -> list[Row]:
        """What moves, part by part."""
        moving = {each.name for each in self.moving(phase)}
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for name, weight in self.model.network.named_parameters():
            count = counts[self.model.part(name)]
            count[0] += weight.numel() if name in moving else 0
            count[1] += weight.numel()
        return [Row(part, _said(phase, part, *count), *count) for part, count in counts.items()]

    def _how(self, phase: Phase, name: str) -> tuple[str, PartTraining | None]:
        part = self.model.part(name)
        if part == "number_head":
            return part, PartTraining()  # the loss that asked for it teaches it in every phase
        if part == heads.NAME:
            own = heads.phase_of(name) == self.plan.index(phase)
            return part, PartTraining() if own else None
        if part == "language" and is_attention(name) and "attention" in phase.moves:
            part = "attention"
        return part, phase.moves.get(part)  # type: ignore[call-overload]


def to_train(network: nn.Module) -> None:
    """Training mode, but for batch norms that do not move: their statistics stay as they are."""
    network.train()
    for module in network.modules():
        if isinstance(module, NORMS) and not module.weight.requires_grad:
            module.eval()


def statistics(network: nn.Module, moved: Collection[str]) -> dict[str, torch.Tensor]:
    """The running means of batch norms whose weights are among those that have moved."""
    return {
        f"{name}.{last}": value
        for name, module in network.named_modules()
        if isinstance(module, NORMS) and f"{name}.weight" in moved
        for last, value in module.named_buffers()
    }


def _loras(plan: Sequence[Phase]) -> dict[Part, Lora]:
    found: dict[Part, Lora] = {}
    for phase in plan:
        for part, how in phase.moves.items():
            if how.lora is not None and found.setdefault(part, how.lora) != how.lora:
                told = f"phase {phase.name!r}: {part} has low-rank updates of another shape before"
                raise InputError(f"{told}; give it the same in all phases")
    return found


def _inject(model: VisionLanguageModel, part: Part, lora: Lora, seed: int) -> None:
    network = model.network
    layers = [
        name
        for name, module in network.named_modules()
        if isinstance(module, LAYERS) and _belongs(model, part, name)
    ]
    last = {name.rpartition(".")[2] for name in layers}
    wanted = sorted(last) if lora.targets == ("all",) else lora.targets
    for target in wanted:
        if target not in last:
            told = f"train.{part}.lora.targets: no linear layer is called {target!r}"
            raise InputError(told + nearest(target, sorted(last)))
    chosen = [name for name in layers if name.rpartition(".")[2] in wanted]
    if not chosen:
        raise InputError(f"train.{part}.lora: this model has no linear layer there; train it whole")
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        use_dora=lora.dora,
        target_modules=chosen,
        fan_in_fan_out=all(isinstance(network.get_submodule(name), Conv1D) for name in chosen),
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # that parts have updates of their own is what is wanted
        warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
        torch.manual_seed(seed)
        inject_adapter_in_model(config, network, adapter_name=part)


def _belongs(model: VisionLanguageModel, part: Part, name: str) -> bool:
    of = model.part(f"{name}.weight")
    return of == part or (part == "attention" and of == "language" and is_attention(name))


def is_attention(name: str) -> bool:
    """Whether a layer or weight lies in an attention sublayer, as decoders call it."""
    return not ATTENTION.isdisjoint(name.split("."))


def _moves(name: str, part: str, how: PartTraining) -> bool:
    """Its own weights, or the low-rank updates that were put in for the part."""
    is_low_rank = ".lora_" in name
    return is_low_rank and part in name.split(".") if how.lora else not is_low_rank


def _said(phase: Phase, part: str, moving: int, total: int) -> str:
    named: Any = phase.moves.get(part) or phase.moves.get("attention")  # type: ignore[call-overload]
    if moving == 0:
        return "frozen"
    if named is not None and named.lora is not None:
        return f"LoRA, rank {named.lora.rank}"
    return "full" if moving == total or part == heads.NAME else "attention"
