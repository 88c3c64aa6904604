from pathlib import Path

import pytest
import torch

from diascope.batching import Batch, pixels
from diascope.imaging.augment import Augmentation
from diascope.mixture import MixtureConfig
from diascope.models.tiny import from_scratch
from diascope.training.config import DataConfig
from diascope.training.feed import Feed, open_feed

SIZE = 4


@pytest.fixture(scope="module")
def feed(phantom: Path) -> Feed:
    data = DataConfig(records=str(phantom), mixture=MixtureConfig(by="task"))
    return open_feed(from_scratch(seed=0), data, phantom, seed=2)


def seen(batch: Batch) -> torch.Tensor:
    """The pixels that its image tokens stand for, in order."""
    return pixels([batch.canvases[number] for number in batch.looks])


@pytest.mark.parametrize("step", [0, 3])
def test_a_batch_holds_the_cases_of_its_positions_in_order(feed: Feed, step: int) -> None:
    wanted = [feed.case(position) for position in range(step * SIZE, (step + 1) * SIZE)]
    batch, again = feed.batch(step * SIZE, SIZE), feed.of(wanted)
    assert batch.input_ids.tolist() == again.input_ids.tolist()
    assert batch.num_examples == SIZE


def test_a_batch_is_a_function_of_its_position(feed: Feed, phantom: Path) -> None:
    late = feed.batch(21 * SIZE, SIZE)
    fresh = Feed(feed.model, feed.groups, feed.mixture, feed.canvases, feed.digest)
    again = fresh.batch(21 * SIZE, SIZE)
    torch.testing.assert_close(late.input_ids, again.input_ids)
    assert torch.equal(seen(late), seen(again))
    assert feed.ids(21 * SIZE, SIZE) == fresh.ids(21 * SIZE, SIZE)
    assert feed.ids(21 * SIZE, SIZE) != feed.ids(22 * SIZE, SIZE)


def test_canvases_out_of_a_cache_are_those_that_are_drawn(
    feed: Feed, phantom: Path, tmp_path: Path
) -> None:
    told = []
    data = DataConfig(
        records=str(phantom), mixture=MixtureConfig(by="task"), cache=str(tmp_path / "cache")
    )
    cached = open_feed(feed.model, data, phantom, 2, lambda *done: told.append(done))
    assert told and told[-1][0] == told[-1][1]
    plain, read = feed.batch(8, SIZE), cached.batch(8, SIZE)
    assert torch.equal(seen(plain), seen(read))
    assert torch.equal(plain.input_ids, read.input_ids)
    told.clear()
    open_feed(feed.model, data, phantom, 2, lambda *done: told.append(done))
    assert told == []


def test_altered_pictures_are_learnt_from_and_nothing_else_is_altered(
    feed: Feed, phantom: Path
) -> None:
    changes = Augmentation(rotate_deg=10.0, brightness=0.3)
    data = DataConfig(records=str(phantom), mixture=MixtureConfig(by="task"), augmentation=changes)
    altered, again = (open_feed(feed.model, data, phantom, seed=2) for _ in range(2))
    first = altered.batch(8, SIZE)
    assert not torch.equal(seen(first), seen(feed.batch(8, SIZE)))
    assert torch.equal(seen(first), seen(again.batch(8, SIZE)))
    assert altered.ids(8, SIZE) == feed.ids(8, SIZE)
    cases = [feed.case(position) for position in range(4)]
    assert torch.equal(seen(altered.of(cases)), seen(feed.of(cases)))
