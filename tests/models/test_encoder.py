"""Encoders of composed models: what is read, what is saved, and what must not move."""

from pathlib import Path
from typing import Any

import pytest
import torch

from diascope.models.parts.encoder import Encoder, load, scratch

SMALL: dict[str, dict[str, Any]] = {
    "vit": {
        "model_type": "vit",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 64,
        "patch_size": 16,
        "num_channels": 1,
    },
    "resnet": {
        "model_type": "resnet",
        "embedding_size": 8,
        "hidden_sizes": [16, 32],
        "depths": [1, 1],
        "image_size": 64,
    },
    "lite": {"model_type": "efficientnet_lite0", "image_size": 96},
}
SHAPES = {"vit": (64, 1, 16, 32), "resnet": (64, 3, 64, 32), "lite": (96, 3, 9, 1280)}


@pytest.fixture(params=SMALL)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return scratch(SMALL[request.param], torch.float32)


@pytest.mark.parametrize("kind", SMALL)
def test_what_is_read_and_how_many_tokens_come_of_it(kind: str) -> None:
    made = scratch(SMALL[kind], torch.float32)
    assert (made.side, made.channels, made.num_tokens, made.width) == SHAPES[kind]


def test_a_saved_encoder_is_the_one_that_is_loaded(encoder: Encoder, tmp_path: Path) -> None:
    """Every time: a look at a blank picture must not move the running means of batch norms."""
    encoder.save(tmp_path / "one")
    loaded = load(tmp_path / "one", torch.float32)
    loaded.save(tmp_path / "other")
    again = load(tmp_path / "other", torch.float32)
    assert (again.side, again.channels) == (encoder.side, encoder.channels)
    for name, value in encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    picture = torch.rand(1, encoder.channels, encoder.side, encoder.side) * 2 - 1
    torch.testing.assert_close(again.eval()(picture), encoder.eval()(picture))


@pytest.mark.parametrize(
    ("fields", "parameters", "tokens", "width"),
    [
        (
            {
                "model_type": "vit",
                "hidden_size": 1024,
                "intermediate_size": 4096,
                "num_hidden_layers": 24,
                "num_attention_heads": 16,
                "image_size": 512,
                "patch_size": 16,
                "num_channels": 1,
            },
            304_674_816,
            1024,
            1024,
        ),
        ({"model_type": "resnet", "image_size": 512}, 23_508_032, 256, 2048),
    ],
)
def test_real_sizes_by_configuration(
    fields: dict[str, Any], parameters: int, tokens: int, width: int
) -> None:
    """CXR-LLaVA's ViT-L/16 of one channel at 512 px, and the ResNet-50 of its first version."""
    with torch.device("meta"):
        made = scratch(fields, torch.float32)
    assert sum(weight.numel() for weight in made.parameters()) == parameters
    assert (made.side, made.num_tokens, made.width) == (512, tokens, width)
