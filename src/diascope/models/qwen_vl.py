"""Qwen2.5-VL and Qwen3-VL from any local folder.

A picture keeps its shape: its sides become whole numbers of merged patches, near its own ratio, and
it is as many tokens as they hold. Qwen2.5-VL spells boxes in pixels of the resized picture,
Qwen3-VL from 0 to 1000 of it, both `bbox_2d`, left, top, right, bottom.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Resampling
from torch import Tensor
from transformers import (
    PreTrainedModel,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from diascope.batching import Canvas
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import BoxFormat, CanvasMap, Fit, Size
from diascope.imaging.scaling import Scaling
from diascope.models.belonging import as_taught
from diascope.models.chat import CHATML, Chat, Prompt
from diascope.models.chatting import ChatModel
from diascope.models.family import Family
from diascope.models.folder import load_network, load_tokenizer
from diascope.models.transformer import chosen, placed

RESIZED = Dialect(name="json", box_format=BoxFormat(space="canvas"), box_key="bbox_2d")
PERMILLE = Dialect(name="json", box_format=BoxFormat(space="permille"), box_key="bbox_2d")
CLIP = Scaling((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
MIN_PX, MAX_PX = 56 * 56, 448 * 448
"""Pixels of a resized picture, at least and at most; the latter is what the FLARE baseline took."""

QWEN = Chat(
    start="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n",
    user=CHATML.user,
    model=CHATML.model,
    closing=CHATML.closing,
    end=CHATML.end,
    image="<|vision_start|>",
    images="<|vision_start|>",
    between="<|vision_end|><|vision_start|>",
    after="<|vision_end|>",
)

QWEN_3 = replace(QWEN, start="")
"""Qwen3-VL's template says nothing where no system text is given."""


@dataclass(frozen=True)
class QwenVL(ChatModel):
    """A loaded Qwen2.5-VL or Qwen3-VL."""

    dialect: Dialect = RESIZED
    fit: Fit = "stretch"
    chat: Chat = QWEN
    scaling: Scaling = CLIP

    family = "qwen_vl"
    image_word = "<|image_pad|>"
    vision = ("model.visual.",)
    projector = ("model.visual.merger.", "model.visual.deepstack_merger_list.")
    apart = False

    @cached_property
    def canvas(self) -> Size:
        """The largest square; what a picture becomes, `canvas_map` says."""
        side = math.isqrt(MAX_PX) // self._step * self._step
        return Size(side, side)

    def canvas_map(self, original: Size) -> CanvasMap:
        """Sides that are whole numbers of merged patches, the ratio kept as nearly as may be."""
        return CanvasMap.fit(original, resized(original, self._step), self.fit)

    def see(self, canvases: Sequence[Canvas]) -> Sequence[Tensor]:
        """Features [tokens, width] of each picture.

        Behind them stand, as wide each, those that Qwen3-VL adds to the decoder's first layers.
        """
        seen = self._look(canvases)
        layers = getattr(seen, "deepstack_features", None) or ()
        return [torch.cat(each, dim=1) for each in zip(seen.pooler_output, *layers, strict=True)]

    def look(self, canvases: Sequence[Canvas]) -> Tensor:
        """InputError: pictures of every shape have no one number of patches."""
        told = "family 'qwen_vl' keeps the shape of pictures: its vision tower learns answers alone"
        raise InputError(f"{told}; use kind = 'answers' in every phase")

    def image_processor(self) -> Qwen2VLImageProcessorPil:
        """Qwen's, which finds the same sizes and cuts the same patches."""
        return Qwen2VLImageProcessorPil(
            min_pixels=MIN_PX,
            max_pixels=MAX_PX,
            resample=Resampling.BILINEAR,
            image_mean=self.scaling.mean,
            image_std=self.scaling.std,
            patch_size=self._patch,
            temporal_patch_size=self._vision.temporal_patch_size,
            merge_size=self._merge,
        )

    def image_tokens(self, canvas: Canvas) -> int:
        """One for each merged patch."""
        return int(canvas.shape[0] // self._step * (canvas.shape[1] // self._step))

    def _seen(
        self,
        embedded: Tensor,
        are_images: Tensor,
        features: Sequence[Tensor],
        looks: Sequence[int],
    ) -> dict[str, Any]:
        """Also what Qwen3-VL's vision tower adds to the first layers of the decoder."""
        seen = [torch.split(each, self.width, dim=1) for each in features]
        first, *layers = zip(*seen, strict=True)
        inputs: dict[str, Any] = {}
        if layers:
            inputs["visual_pos_masks"] = are_images
            inputs["deepstack_visual_embeds"] = [chosen(layer, looks) for layer in layers]
        return inputs | {"inputs_embeds": placed(embedded, are_images, first, looks)}

    def _positions(
        self, prompt: Prompt, canvases: Sequence[Canvas], more: int
    ) -> NDArray[np.int64]:
        """Time, row and column (M-RoPE): text counts on all three, a picture on its grid."""
        parts, at, place = [], 0, 0
        for span, canvas in zip(prompt.images, canvases, strict=True):
            down, across = (side // self._step for side in canvas.shape[:2])
            rows, columns = np.indices((down, across)).reshape(2, -1)
            parts += [_counted(place, span.start - at)]
            place += span.start - at
            parts += [place + np.stack([np.zeros_like(rows), rows, columns])]
            at, place = span.end, place + max(down, across)
        return np.concatenate([*parts, _counted(place, len(prompt.tokens) + more - at)], axis=1)

    def _look(self, canvases: Sequence[Canvas]) -> Any:
        """What the vision tower says of each canvas."""
        cut = [self._patches(canvas) for canvas in canvases]
        grids = [[1, *(side // self._patch for side in canvas.shape[:2])] for canvas in canvases]
        values = torch.from_numpy(np.concatenate(cut)).to(self.network.dtype)
        return self._inner.get_image_features(values, torch.tensor(grids), return_dict=True)

    def _patches(self, canvas: Canvas) -> NDArray[np.float32]:
        """[patches, 3 * frames * patch * patch], those that are merged one behind the other.

        A still picture is as many equal frames as a patch spans (image_processing_qwen2_vl.py).
        """
        planes = np.empty((3, *canvas.shape[:2]), np.float32)
        self.scaling.write(canvas, planes)
        side, merge, frames = self._patch, self._merge, self._vision.temporal_patch_size
        down, across = (length // self._step for length in canvas.shape[:2])
        cut = planes.reshape(3, down, merge, side, across, merge, side)
        cut = cut.transpose(1, 4, 2, 5, 0, 3, 6)[:, :, :, :, :, None]
        return np.repeat(cut, frames, axis=5).reshape(down * across * merge**2, -1)

    @property
    def _vision(self) -> Any:
        return self.network.config.vision_config

    @property
    def _patch(self) -> int:
        return int(self._vision.patch_size)

    @property
    def _merge(self) -> int:
        return int(self._vision.spatial_merge_size)

    @property
    def _step(self) -> int:
        return self._patch * self._merge


def resized(original: Size, step: int) -> Size:
    """The size a picture is brought to: multiples of `step` px, MIN_PX to MAX_PX in all.

    As transformers finds it (image_processing_qwen2_vl.py), to the pixel.
    """
    width, height = (round(side / step) * step for side in original)
    if MIN_PX <= width * height <= MAX_PX:
        return Size(width, height)
    # the order of the operations decides on which side of a whole number a rounding error falls
    if width * height > MAX_PX:
        shrink = math.sqrt(original.width * original.height / MAX_PX)
        return Size(*(max(1, math.floor(side / shrink / step)) * step for side in original))
    grow = math.sqrt(MIN_PX / (original.width * original.height))
    return Size(*(math.ceil(side * grow / step) * step for side in original))


def load(folder: Path | None, dtype: torch.dtype) -> QwenVL:
    """A Qwen2.5-VL or Qwen3-VL from a local folder; nothing is fetched, no code of it is run."""
    network = load_network(folder, "qwen_vl", NETWORKS, dtype)
    words = load_tokenizer(folder)
    if isinstance(network, Qwen3VLForConditionalGeneration):
        made = QwenVL(network, words, dialect=PERMILLE, chat=QWEN_3, scaling=Scaling())
        return as_taught(made, folder)
    return as_taught(QwenVL(network, words), folder)


def _counted(start: int, count: int) -> NDArray[np.int64]:
    return np.broadcast_to(np.arange(start, start + count), (3, count))


NETWORKS: tuple[type[PreTrainedModel], ...] = (
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
)
FAMILY = Family(
    name="qwen_vl",
    about="Qwen2.5-VL and Qwen3-VL, local folder",
    load=load,
    model_types=("qwen2_5_vl", "qwen3_vl"),
)
