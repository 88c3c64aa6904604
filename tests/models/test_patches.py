"""A tower that reads bytes of grey sees, and learns, what it does of scaled channels."""

import numpy as np
import pytest
import torch
from torch import nn

from diascope.batching import grey, pixels
from diascope.imaging.scaling import Scaling
from diascope.models.parts.patches import Patches, reads_grey
from diascope.models.tiny import load

CANVASES = list(np.random.default_rng(0).integers(256, size=(3, 128, 128), dtype=np.uint8))


def test_the_features_of_grey_are_those_of_scaled_channels() -> None:
    model = load(None, torch.float32)
    network = model.network.model
    with torch.no_grad():
        plain = network.get_image_features(pixels(CANVASES)).pooler_output
        read = network.get_image_features(grey(CANVASES)).pooler_output
    assert grey(CANVASES).dtype == torch.uint8
    assert float((plain - read).abs().max()) <= 1e-4
    for one, other in zip(model.see(CANVASES), read, strict=True):
        torch.testing.assert_close(one, other)


def test_a_picture_in_colour_is_seen_in_colour() -> None:
    model = load(None, torch.float32)
    red = np.zeros((128, 128, 3), np.uint8)
    red[..., 0] = 200
    with torch.no_grad():
        seen = model.see([CANVASES[0], red])[1]
        alone = model.network.model.get_image_features(pixels([red])).pooler_output[0]
    torch.testing.assert_close(seen, alone, atol=1e-4, rtol=1e-4)


def test_it_learns_alike() -> None:
    made = nn.Conv2d(3, 8, 4, 4)
    made.__class__ = Patches
    made.scaling = Scaling((0.4, 0.5, 0.6), (0.2, 0.3, 0.4))  # type: ignore[assignment]
    canvas = CANVASES[0][:16, :16]
    scaled = np.empty((3, 16, 16), np.float32)
    made.scaling.write(canvas, scaled)  # type: ignore[operator]
    ways = (torch.from_numpy(scaled)[None], torch.from_numpy(canvas)[None, None].float())
    found = []
    for values in ways:
        made.zero_grad()
        made(values).square().sum().backward()
        found.append([each.grad.clone() for each in made.parameters()])  # type: ignore[union-attr]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-2, rtol=1e-3)


@pytest.mark.parametrize("network", [nn.Linear(2, 2), nn.Sequential()])
def test_a_network_without_such_a_tower_reads_channels(network: nn.Module) -> None:
    assert not reads_grey(network, Scaling())


def test_short_floats_read_channels() -> None:
    assert not reads_grey(load(None, torch.bfloat16).network, Scaling())
