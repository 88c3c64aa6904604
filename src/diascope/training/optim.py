"""Optimisers and schedules."""

import math

import torch
from torch import nn

from diascope.training.config import OptimConfig


def freeze(network: nn.Module, config: OptimConfig) -> None:
    """Weights that are not to move ask for no gradient, so that nothing is computed for them."""
    for name, weight in network.named_parameters():
        if _scale(name, config) == 0:
            weight.requires_grad_(False)


def optimizer(network: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """The configured optimiser over every weight that asks for a gradient.

    Each group carries the share of the learning rate that it moves at, as `scale`.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            decay = config.weight_decay if weight.ndim >= 2 and "embed" not in name else 0.0
            groups.setdefault((decay, _scale(name, config)), []).append(weight)
    grouped = [
        {"params": weights, "weight_decay": decay, "scale": scale}
        for (decay, scale), weights in groups.items()
    ]
    if config.name == "sgd":
        return torch.optim.SGD(grouped, lr=config.lr, momentum=config.momentum)
    return torch.optim.AdamW(grouped, lr=config.lr, betas=config.betas, fused=True)


def _scale(name: str, config: OptimConfig) -> float:
    return config.vision_scale if "vision_tower" in name else 1.0


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
