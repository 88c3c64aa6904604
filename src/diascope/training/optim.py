"""Optimisers and schedules."""

import math

import torch
from torch import nn

from diascope.training.config import OptimConfig


def optimizer(network: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """The configured optimiser over every weight that asks for a gradient."""
    named = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    decayed = [w for name, w in named if w.ndim >= 2 and "embed" not in name]
    plain = [w for name, w in named if w.ndim < 2 or "embed" in name]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, fused=True)


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
