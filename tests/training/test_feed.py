from collections import Counter
from pathlib import Path

import pytest
import torch

from diascope.imaging.augment import Augmentation
from diascope.mixture import MixtureConfig
from diascope.models.tiny import from_scratch
from diascope.training.config import DataConfig
from diascope.training.feed import WINDOW, Feed, open_feed

SIZE = 4


@pytest.fixture(scope="module")
def feed(phantom: Path) -> Feed:
    data = DataConfig(records=str(phantom), mixture=MixtureConfig(by="task"))
    return open_feed(from_scratch(seed=0), data, phantom, seed=2)


def drawn(feed: Feed, steps: range) -> list[str]:
    return [case.id for step in steps for case, _ in feed._drawn(step * SIZE, SIZE)]


@pytest.mark.parametrize("window", [0, 3])
def test_a_window_holds_the_cases_of_its_positions(feed: Feed, window: int) -> None:
    steps = range(window * WINDOW, (window + 1) * WINDOW)
    positions = range(steps.start * SIZE, steps.stop * SIZE)
    wanted = Counter(feed.case(position).id for position in positions)
    assert Counter(drawn(feed, steps)) == wanted


def test_a_batch_is_a_function_of_its_position(feed: Feed, phantom: Path) -> None:
    late = feed.batch(21 * SIZE, SIZE)
    fresh = Feed(feed.model, feed.groups, feed.mixture, feed.canvases, feed.digest)
    again = fresh.batch(21 * SIZE, SIZE)
    torch.testing.assert_close(late.input_ids, again.input_ids)
    torch.testing.assert_close(late.pixel_values, again.pixel_values)
    assert feed.ids(21 * SIZE, SIZE) == fresh.ids(21 * SIZE, SIZE)
    assert feed.ids(21 * SIZE, SIZE) != feed.ids(22 * SIZE, SIZE)


def test_rows_of_like_length_go_together(feed: Feed) -> None:
    steps = range(4 * WINDOW)
    sorted_ = sum(feed.batch(step * SIZE, SIZE).input_ids.numel() for step in steps)
    in_order = sum(
        feed.of([feed.case(step * SIZE + row) for row in range(SIZE)]).input_ids.numel()
        for step in steps
    )
    assert sorted_ < 0.9 * in_order


def test_short_batches_do_not_always_come_first(feed: Feed) -> None:
    """A model that always met short rows first and long ones last would learn their order."""
    shortest_first = 0
    for window in range(8):
        widths = [
            feed.batch(step * SIZE, SIZE).input_ids.shape[1]
            for step in range(window * WINDOW, (window + 1) * WINDOW)
        ]
        shortest_first += widths == sorted(widths)
    assert shortest_first < 4


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
    assert torch.equal(plain.pixel_values, read.pixel_values)
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
    assert not torch.equal(first.pixel_values, feed.batch(8, SIZE).pixel_values)
    assert torch.equal(first.pixel_values, again.batch(8, SIZE).pixel_values)
    assert altered.ids(8, SIZE) == feed.ids(8, SIZE)
    cases = [feed.case(position) for position in range(4)]
    assert torch.equal(altered.of(cases).pixel_values, feed.of(cases).pixel_values)
