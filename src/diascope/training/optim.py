"""Optimisers and schedules."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from diascope.training.moving import Moving
from diascope.training.optimconfig import OptimConfig


def optimizer(moving: Iterable[Moving], config: OptimConfig) -> torch.optim.Optimizer:
    """The configured optimiser over every weight that moves.

    Each group carries the share of the learning rate that it moves at, as `scale`.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for each in moving:
        decays = each.weight.ndim >= 2 and "embed" not in each.name
        decay = config.weight_decay if decays else 0.0
        groups.setdefault((decay, each.rate), []).append(each.weight)
    grouped = [
        {"params": weights, "weight_decay": decay, "scale": scale}
        for (decay, scale), weights in groups.items()
    ]
    if config.name == "sgd":
        return torch.optim.SGD(grouped, lr=config.lr, momentum=config.momentum)
    return torch.optim.AdamW(grouped, lr=config.lr, betas=config.betas, fused=True)


def everything(network: nn.Module) -> list[Moving]:
    """Every weight of a network that asks for a gradient, at the whole rate."""
    named = network.named_parameters()
    return [Moving(name, weight, 1.0) for name, weight in named if weight.requires_grad]


def set_learning_rate(moves: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of the rate."""
    for group in moves.param_groups:
        group["lr"] = rate * group["scale"]


def learning_rate(config: OptimConfig, step: int, num_steps: int, num_warmup: int) -> float:
    """The rate of a step counted from 0: a straight rise over the warm-up, then the schedule."""
    if step < num_warmup:
        return config.lr * (step + 1) / num_warmup
    done = (step - num_warmup) / max(1, num_steps - num_warmup)
    match config.schedule:
        case "cosine":
            return config.lr * 0.5 * (1 + math.cos(math.pi * done))
        case "linear":
            return config.lr * (1 - done)
        case "constant":
            return config.lr
