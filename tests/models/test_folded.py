"""A folded tower writes what the plain one writes, from one byte a pixel."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from diascope.batching import Example, collate
from diascope.errors import InputError
from diascope.imaging.scaling import Scaling
from diascope.models.folded import fold
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import load


@pytest.fixture
def model() -> PaliGemma:
    return load(None, torch.float32)


def examples(model: PaliGemma, count: int) -> list[Example]:
    rng = np.random.default_rng(0)
    side = model.canvas.width
    prefix = (model.token_id("<image>"),) * (side // 16) ** 2 + (2, 30, 31, 32)
    return [
        Example(prefix, (40, 41), (rng.integers(256, size=(side, side), dtype=np.uint8),))
        for _ in range(count)
    ]


def test_logits_are_those_of_the_plain_tower(model: PaliGemma) -> None:
    drawn = examples(model, 4)
    batch = collate(drawn, model.pad_id)
    grey = torch.from_numpy(np.stack([each.canvases[0] for each in drawn]))[:, None]
    with torch.no_grad():
        plain = model.head(model.hidden(batch))
        fold(model.network)
        folded = model.head(model.hidden(replace(batch, pixel_values=grey)))
    assert grey.dtype == torch.uint8
    assert float((plain - folded).abs().max()) <= 1e-4


def test_another_scaling_gives_other_logits(model: PaliGemma) -> None:
    grey = torch.zeros((1, 1, 128, 128), dtype=torch.uint8)
    tower = model.network.model.vision_tower
    with torch.no_grad():
        plain = tower(torch.full((1, 3, 128, 128), -2.0)).last_hidden_state
        fold(model.network, Scaling((0.4, 0.4, 0.4), (0.2, 0.2, 0.2)))
        folded = tower(grey).last_hidden_state
    torch.testing.assert_close(folded, plain, atol=1e-4, rtol=0)


def test_a_network_that_cannot_be_folded_is_refused(model: PaliGemma) -> None:
    fold(model.network)
    with pytest.raises(InputError, match=r"1 channels of torch\.float32: load it anew"):
        fold(model.network)
    with pytest.raises(InputError, match="Linear has no SigLIP vision tower"):
        fold(nn.Linear(2, 2))


def test_shorter_floats_are_refused() -> None:
    with pytest.raises(InputError, match=r"3 channels of torch\.bfloat16"):
        fold(load(None, torch.bfloat16).network)
