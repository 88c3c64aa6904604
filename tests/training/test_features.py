"""What is kept of a picture is what the tower would say again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diascope.batching import Batch, Canvas
from diascope.models.qwen_vl import QwenVL
from diascope.models.tiny import from_scratch
from diascope.models.transformer import Transformer
from diascope.training.features import Features, Folder, Memory, look, stage
from diascope.training.loss import learn
from diascope.training.memoryconfig import MemoryConfig
from diascope.training.supervision import HARD

from .test_forecast import moving, row


def loss(model: Transformer, batch: Batch) -> float:
    with torch.no_grad():
        return learn(model, batch, HARD).total.item()


def kept(model: Transformer, *parts: str, gb: float = 1.0, folder: Path | None = None) -> Features:
    return Features.of(model, moving(model, *parts), MemoryConfig(features_gb=gb), folder)


@pytest.mark.parametrize("parts", [("language",), ("language", "projector")])
def test_the_loss_is_that_of_looking_again(any_model: Transformer, parts: tuple[str, ...]) -> None:
    features, batch = kept(any_model, *parts), row(any_model)
    first, again = (features.fill(batch) for _ in range(2))
    looked = loss(any_model, batch)
    assert loss(any_model, first) == pytest.approx(looked, rel=1e-5)
    assert loss(any_model, first) == loss(any_model, again)
    moves = "projector" in parts
    if isinstance(any_model, QwenVL) and moves:
        assert first.looked is None  # its projector is inside its tower
        return
    assert first.looked is not None and again.looked is not None
    assert first.looked.projected != moves
    for one, other in zip(first.looked.features, again.looked.features, strict=True):
        assert one is other


def test_a_moving_projector_learns_from_what_is_kept(any_model: Transformer) -> None:
    if isinstance(any_model, QwenVL):
        pytest.skip("its projector is inside its tower")
    names = moving(any_model, "projector")
    grown = []
    for batch in (row(any_model), kept(any_model, "projector").fill(row(any_model))):
        weights = [w for n, w in any_model.network.named_parameters() if n in names]
        grown.append(torch.autograd.grad(learn(any_model, batch, HARD).total, weights))
    for one, other in zip(*grown, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_nothing_is_kept_of_a_tower_that_moves(any_model: Transformer) -> None:
    assert stage(any_model, moving(any_model, "vision")) is None
    batch = row(any_model)
    assert kept(any_model, "vision", "language").fill(batch) is batch
    assert kept(any_model, "language", gb=0.0).fill(batch) is batch


def test_a_picture_is_seen_alike_whatever_it_is_batched_with(any_model: Transformer) -> None:
    """So that a run that is resumed, and sees in another order, goes on to the bit."""
    many, one = kept(any_model, "language"), kept(any_model, "language")
    batch = row(any_model)
    alone = replace(batch, canvases=batch.canvases[2:3], looks=(0,))
    among, single = many.fill(batch).looked, one.fill(alone).looked
    assert among is not None and single is not None
    assert torch.equal(among.features[2], single.features[0])


def test_a_folder_gives_what_was_put(any_model: Transformer, tmp_path: Path) -> None:
    batch = row(any_model)
    first = kept(any_model, "language", folder=tmp_path).fill(batch).looked
    assert first is not None
    later = kept(any_model, "language", folder=tmp_path)
    later = replace(later, shelf=Unwritten(later.shelf))
    again = later.fill(batch).looked
    assert again is not None
    for one, other in zip(first.features, again.features, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


class Unwritten:
    """A shelf that must hold all that is asked for."""

    def __init__(self, shelf: Folder | Memory) -> None:
        self.get = shelf.get

    def put(self, keys: object, features: object) -> None:
        raise AssertionError("not all was kept")


def test_other_weights_find_nothing_of_ours(tmp_path: Path) -> None:
    one, other = from_scratch(seed=0), from_scratch(seed=1)
    digests = {kept(each, "language", folder=tmp_path).digest for each in (one, other)}
    digests |= {kept(one, "language", "projector", folder=tmp_path).digest}
    assert len(digests) == 3


def test_what_was_damaged_is_looked_at_again(tmp_path: Path) -> None:
    model = from_scratch(seed=0)
    batch = row(model)
    first = kept(model, "language", folder=tmp_path).fill(batch).looked
    (pixels,) = tmp_path.glob("*.pixels")
    with pixels.open("r+b") as file:
        file.seek(5)
        file.write(b"\x00\xff\x00\xff")
    again = kept(model, "language", folder=tmp_path).fill(batch).looked
    assert first is not None and again is not None
    for one, other in zip(first.features, again.features, strict=True):
        assert torch.equal(one, other)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(0, 400))
@settings(max_examples=50)
def test_memory_keeps_what_there_is_room_for_and_no_more(sizes: list[int], room: int) -> None:
    shelf = Memory(room)
    keys = [bytes([number]) for number in range(len(sizes))]
    for key, size in zip(keys, sizes, strict=True):
        shelf.put([key], [torch.zeros(size)])
    found = [each for each in shelf.get(keys, torch.float32) if each is not None]
    assert sum(each.nbytes for each in found) <= room
    if sum(sizes) * 4 <= room:
        assert len(found) == len(sizes)


def test_a_look_leaves_the_network_as_it_was(any_model: Transformer) -> None:
    any_model.network.train()
    look(any_model, canvas(any_model), "seen")
    assert all(module.training for module in any_model.network.modules())
    any_model.network.eval()


def canvas(model: Transformer) -> Canvas:
    return np.zeros((model.canvas.height, model.canvas.width), np.uint8)
