"""From rendered conversations to padded tensors, and a way to look at them.

Layout of one row, as big_vision trains PaliGemma (configs/proj/paligemma): image tokens, BOS,
prefix, a separately tokenised newline, suffix, EOS. The prefix attends both ways, the suffix
causally, and the loss falls on the suffix and EOS only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Canvas = NDArray[np.uint8]
"""[height, width] grey or [height, width, 3] colour, canvas pixels."""

PREFIX, SUFFIX = 0, 1
"""Token types: attended both ways, attended causally. Padding counts as suffix, so that it never
joins the block that attends both ways."""


@dataclass(frozen=True)
class Example:
    """One conversation turn as tokens: what is given, what is to be written, what is seen."""

    prefix: tuple[int, ...]
    """Image tokens, BOS, the words, the separator."""
    suffix: tuple[int, ...]
    """The answer and EOS; empty when the answer is to be generated."""
    canvases: tuple[Canvas, ...]

    @property
    def length(self) -> int:
        """Tokens, images included."""
        return len(self.prefix) + len(self.suffix)


@dataclass(frozen=True)
class Batch:
    """Padded rows [batch, time]; pixels [images, 3, height, width] in -1 to 1."""

    input_ids: Tensor
    token_type_ids: Tensor
    attention_mask: Tensor
    loss_weights: Tensor
    """Weight of predicting the token at each place; each row sums to one when it has a suffix."""
    pixel_values: Tensor

    def show(self, spell: Callable[[int], str], row: int = 0) -> str:
        """The tokens of a row in colour: grey is seen, green carries loss, images are counted."""
        out, images = [], 0
        for place, token in enumerate(self.input_ids[row].tolist()):
            if not self.attention_mask[row, place]:
                continue
            text = spell(token)
            if text == "<image>":
                images += 1
                continue
            weight = float(self.loss_weights[row, place])
            colour = "32" if weight > 0 else "90"
            out.append(f"\x1b[{colour}m{_visible(text)}\x1b[0m")
        return f"\x1b[90m<image> x {images}\x1b[0m " + "|".join(out)


def _visible(text: str) -> str:
    return text.replace("\n", "\\n").replace("\x1b", "\\e")


def collate(examples: Sequence[Example], pad_id: int, pad_left: bool = False) -> Batch:
    """Rows padded to the longest; on the left for generation, so that all rows end together."""
    rows = [(*example.prefix, *example.suffix) for example in examples]
    shape = (len(rows), max(len(row) for row in rows))
    ids = torch.full(shape, pad_id)
    types = torch.full(shape, SUFFIX)
    mask, weights = torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
    for index, (row, example) in enumerate(zip(rows, examples, strict=True)):
        start = shape[1] - len(row) if pad_left else 0
        split, end = start + len(example.prefix), start + len(row)
        ids[index, start:end] = torch.tensor(row)
        types[index, start:split] = PREFIX
        mask[index, start:end] = 1
        weights[index, split:end] = 1.0 / max(1, end - split)
    return Batch(ids, types, mask, weights, pixels(examples))


def pixels(examples: Sequence[Example]) -> Tensor:
    """All canvases of a batch in order, grey repeated to three channels, scaled to -1 to 1."""
    planes = [_three_planes(canvas) for example in examples for canvas in example.canvases]
    return torch.from_numpy(np.stack(planes)).float().div_(127.5).sub_(1.0)


def _three_planes(canvas: Canvas) -> Canvas:
    if canvas.ndim == 2:
        return np.broadcast_to(canvas, (3, *canvas.shape))
    return np.ascontiguousarray(canvas.transpose(2, 0, 1))
