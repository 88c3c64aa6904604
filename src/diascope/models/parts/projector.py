"""Projectors: from an encoder's tokens to as many, or fewer, in a language model's width."""

import math

import torch
from torch import Tensor, nn

from diascope.errors import InputError
from diascope.models.composition import ProjectorConfig


def projector(config: ProjectorConfig, seen: tuple[int, int], width: int) -> "Projector":
    """For an encoder that gives `seen` = (tokens, width), into a language model of `width`."""
    return {"linear": Linear, "mlp": Mlp, "c_abstractor": CAbstractor, "resampler": Resampler}[
        config.kind
    ](config, seen, width)


class Projector(nn.Module):
    """[pictures, tokens, width] to [pictures, num_tokens, language width]."""

    def __init__(self, num_tokens: int) -> None:
        super().__init__()
        self.num_tokens = num_tokens


class Linear(Projector):
    """One matrix (CXR-LLaVA)."""

    def __init__(self, config: ProjectorConfig, seen: tuple[int, int], width: int) -> None:
        super().__init__(seen[0])
        self.out = nn.Linear(seen[1], width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Token by token."""
        out: Tensor = self.out(tokens)
        return out


class Mlp(Projector):
    """Matrices with GELU between them (LLaVA 1.5)."""

    def __init__(self, config: ProjectorConfig, seen: tuple[int, int], width: int) -> None:
        super().__init__(seen[0])
        self.out = _mlp(seen[1], width, config.mlp_depth, nn.GELU)

    def forward(self, tokens: Tensor) -> Tensor:
        """Token by token."""
        out: Tensor = self.out(tokens)
        return out


class CAbstractor(Projector):
    """Honeybee's C-Abstractor (Cha et al., CVPR 2024), as M4CXR uses it.

    Learned positions, residual convolutions, adaptive average pooling to the tokens that are
    wanted, residual convolutions, an MLP.
    """

    def __init__(self, config: ProjectorConfig, seen: tuple[int, int], width: int) -> None:
        tokens, channels = seen
        super().__init__(config.tokens or tokens)
        self.side, wanted = math.isqrt(tokens), math.isqrt(self.num_tokens)
        if self.side**2 != tokens or wanted**2 != self.num_tokens:
            raise InputError(
                f"model.compose.projector.tokens: {tokens} tokens of the encoder to "
                f"{self.num_tokens}: both must be square numbers"
            )
        self.positions = nn.Parameter(torch.zeros(1, tokens, channels))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.before = _stage(config.depth, channels, config.hidden)
        self.pool = nn.AdaptiveAvgPool2d(wanted)
        last = config.hidden if config.depth else channels
        self.after = _stage(config.depth, last, config.hidden)
        self.out = _mlp(last, width, config.mlp_depth, nn.SiLU)

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows of patches from the top, as the encoder gives them."""
        placed = (tokens + self.positions).transpose(1, 2)
        grid = placed.reshape(len(tokens), -1, self.side, self.side)
        pooled = self.after(self.pool(self.before(grid)))
        out: Tensor = self.out(pooled.flatten(2).transpose(1, 2))
        return out


class Resampler(Projector):
    """Learned queries that attend to the tokens, layer after layer, as in Flamingo."""

    def __init__(self, config: ProjectorConfig, seen: tuple[int, int], width: int) -> None:
        tokens, channels = seen
        super().__init__(config.tokens or tokens)
        self.positions = nn.Parameter(torch.zeros(1, tokens, config.hidden))
        self.queries = nn.Parameter(torch.zeros(1, self.num_tokens, config.hidden))
        for table in (self.positions, self.queries):
            nn.init.trunc_normal_(table, std=0.02)
        self.into = nn.Linear(channels, config.hidden)
        # near 64 wide each, and none wider than another
        heads = max(n for n in range(1, max(1, config.hidden // 64) + 1) if config.hidden % n == 0)
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(
                config.hidden,
                heads,
                4 * config.hidden,
                0.0,
                "gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(max(1, config.depth))
        )
        self.out = nn.Linear(config.hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """The queries' last states."""
        seen = self.into(tokens) + self.positions
        states = self.queries.expand(len(tokens), -1, -1)
        for layer in self.layers:
            states = layer(states, seen)
        out: Tensor = self.out(states)
        return out


class _Norm(nn.LayerNorm):
    """Over the channels of [pictures, channels, height, width]."""

    def forward(self, grid: Tensor) -> Tensor:
        return super().forward(grid.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _Block(nn.Module):
    """A bottleneck block of RegNet: 1 x 1, depthwise 3 x 3, squeeze and excitation, 1 x 1."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), _Norm(out), nn.SiLU())
        around = nn.Conv2d(out, out, 3, padding=1, groups=out, bias=False)
        self.around = nn.Sequential(around, _Norm(out), nn.SiLU())
        squeezed = max(1, round(channels / 4))
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(out, squeezed, 1),
            nn.SiLU(),
            nn.Conv2d(squeezed, out, 1),
            nn.Sigmoid(),
        )
        self.back = nn.Sequential(nn.Conv2d(out, out, 1, bias=False), _Norm(out))
        shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), _Norm(out))
        self.shortcut = nn.Identity() if channels == out else shortcut

    def forward(self, grid: Tensor) -> Tensor:
        seen = self.around(self.into(grid))
        out: Tensor = nn.functional.silu(self.back(seen * self.gate(seen)) + self.shortcut(grid))
        return out


def _stage(depth: int, channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels if first == 0 else out, out) for first in range(depth)))


def _mlp(channels: int, width: int, depth: int, act: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Linear(channels, width)]
    for _ in range(depth - 1):
        layers += [act(), nn.Linear(width, width)]
    return nn.Sequential(*layers)
