import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.imaging.scaling import Scaling

IMAGENET = Scaling((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
scalings = st.sampled_from([Scaling(), IMAGENET])
seeds = st.integers(0, 2**32 - 1)


def plain(canvas: np.ndarray, scaling: Scaling) -> np.ndarray:
    """[3, height, width] in double precision, as the formula reads."""
    planes = np.stack([canvas] * 3) if canvas.ndim == 2 else canvas.transpose(2, 0, 1)
    mean, std = (np.array(numbers)[:, None, None] for numbers in scaling)
    return (planes / 255 - mean) / std


@given(seeds, scalings, st.booleans(), st.integers(1, 40), st.sampled_from([1, 7, 4096, 70_000]))
def test_a_canvas_is_scaled_as_the_formula_says(
    seed: int, scaling: Scaling, colour: bool, height: int, width: int
) -> None:
    shape = (height, width, 3) if colour else (height, width)
    canvas = np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)
    out = np.full((3, height, width), np.nan, np.float32)
    scaling.write(canvas, out)
    np.testing.assert_allclose(out, plain(canvas, scaling), atol=1e-6, rtol=0)


def test_siglip_scaling_is_the_one_that_models_are_trained_with() -> None:
    canvas = np.arange(256, dtype=np.uint8).reshape(16, 16)
    out = np.empty((3, 16, 16), np.float32)
    Scaling().write(canvas, out)
    batching = canvas.astype(np.float32) / np.float32(127.5) - np.float32(1)
    for plane in out:
        np.testing.assert_array_equal(plane, batching)


@given(seeds, scalings, st.sampled_from([(14, 14), (16, 16), (3, 5)]))
def test_a_folded_embedding_reads_grey_bytes(
    seed: int, scaling: Scaling, patch: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.02, (24, 3, *patch)).astype(np.float32)
    bias = rng.normal(0, 1, 24).astype(np.float32)
    patches = rng.integers(256, size=(50, *patch), dtype=np.uint8)
    folded = scaling.fold(weights, bias)
    assert folded.weights.shape == (24, 1, *patch)
    assert folded.weights.dtype == folded.bias.dtype == np.float32
    scaled = np.stack([plain(each, scaling) for each in patches])
    unfolded = np.tensordot(scaled, weights.astype(np.float64), ((1, 2, 3), (1, 2, 3))) + bias
    grey = patches[:, None].astype(np.float64)
    read = np.tensordot(grey, folded.weights.astype(np.float64), ((1, 2, 3), (1, 2, 3)))
    np.testing.assert_allclose(read + folded.bias, unfolded, atol=2e-6, rtol=0)


def test_folding_in_the_precision_of_a_model() -> None:
    """Both ways computed in single precision are as near as single precision lets them be."""
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 0.02, (192, 3, 16, 16)).astype(np.float32)
    bias = np.zeros(192, np.float32)
    patches = rng.integers(256, size=(64, 16, 16), dtype=np.uint8)
    folded = Scaling().fold(weights, bias)
    scaled = np.empty((64, 3, 16, 16), np.float32)
    for patch, out in zip(patches, scaled, strict=True):
        Scaling().write(patch, out)
    plain_way = scaled.reshape(64, -1) @ weights.reshape(192, -1).T
    grey = patches.reshape(64, -1).astype(np.float32)
    read = grey @ folded.weights.reshape(192, -1).T + folded.bias
    assert np.abs(read - plain_way).max() < 2e-5


@pytest.mark.parametrize("rows", [1, 2])
def test_a_canvas_of_another_size_is_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="broadcast"):
        Scaling().write(np.zeros((4, 4), np.uint8), np.zeros((3, rows + 1, 5), np.float32))
