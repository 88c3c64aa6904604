"""EfficientNet-Lite0: EfficientNet-B0 without squeeze and excitation, with ReLU6 (Tan and Le, 2019;
tensorflow/tpu, models/official/efficientnet/lite)."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import pad, relu6

WIDTH, STRIDE = 1280, 32


class Stage(NamedTuple):
    """Blocks of one shape."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """[pictures, 3, height, width] in -1 to 1 to [pictures, 1280, height / 32, width / 32].

    Names of weights are those of the published PyTorch port, so that its file can be read; its
    classifier is left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _Same(3, 32, 3, 2)
        self._bn0 = _norm(32)
        channels, blocks = 32, []
        for stage in STAGES:
            for number in range(stage.repeats):
                blocks.append(_Block(channels, stage, stage.stride if number == 0 else 1))
                channels = stage.channels
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _Same(channels, WIDTH, 1)
        self._bn1 = _norm(WIDTH)

    def forward(self, values: Tensor) -> Tensor:
        """The last map."""
        grid = relu6(self._bn0(self._conv_stem(values)))
        for block in self._blocks:
            grid = block(grid)
        return relu6(self._bn1(self._conv_head(grid)))


class _Same(nn.Conv2d):
    """Without a bias, and padded as TensorFlow pads: what is odd goes to the right and below."""

    def __init__(
        self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels, out, kernel, stride, groups=groups, bias=False)

    def forward(self, grid: Tensor) -> Tensor:
        """[pictures, out, ceil(height / stride), ceil(width / stride)]."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        edges = []
        for side in (grid.shape[3], grid.shape[2]):
            lacking = max(0, (-(-side // stride) - 1) * stride + kernel - side)
            edges += [lacking // 2, lacking - lacking // 2]
        return super().forward(pad(grid, edges))


class _Block(nn.Module):
    """An inverted residual."""

    def __init__(self, channels: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = channels * stage.expand
        self.grows = stage.expand != 1
        if self.grows:
            self._expand_conv = _Same(channels, wide, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = _Same(wide, wide, stage.kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = _Same(wide, stage.channels, 1)
        self._bn2 = _norm(stage.channels)
        self.adds = stride == 1 and channels == stage.channels

    def forward(self, grid: Tensor) -> Tensor:
        seen = grid
        if self.grows:
            seen = relu6(self._bn0(self._expand_conv(seen)))
        seen = relu6(self._bn1(self._depthwise_conv(seen)))
        out: Tensor = self._bn2(self._project_conv(seen))
        return out + grid if self.adds else out


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
