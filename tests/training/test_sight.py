from pathlib import Path

import numpy as np
import pytest
import torch

from diascope.geometry import CanvasMap, Size
from diascope.imaging.store import CanvasStore
from diascope.models.tiny import CANVAS, PATCH, WIDTH, from_scratch, smooth_locations
from diascope.recordfile import RecordFile
from diascope.training.sight import WAVES, Sight, coverage, look, teach, waves

SIDE = CANVAS // PATCH


def test_coverage_by_hand() -> None:
    placed = CanvasMap.fit(Size(200, 100), Size(64, 64), "stretch")
    grid = coverage(placed, (50.0, 0.0, 125.0, 50.0), side=4).reshape(4, 4)
    np.testing.assert_allclose(grid[:2], [[0, 1, 0.5, 0]] * 2)
    np.testing.assert_allclose(grid[2:], 0)


def test_a_crop_covers_only_what_the_canvas_shows() -> None:
    placed = CanvasMap.fit(Size(200, 100), Size(64, 64), "crop")
    assert coverage(placed, (0.0, 0.0, 50.0, 100.0), side=4).sum() == pytest.approx(0, abs=1e-6)


@pytest.fixture
def records(phantom: Path) -> RecordFile:
    return RecordFile(phantom)


def test_what_is_gathered_is_what_was_asked(records: RecordFile) -> None:
    placed = from_scratch(0).canvas_map
    seen = {each.image.path: each for each in look(records.cases(), lambda i: placed(i.size), SIDE)}
    assert len(seen) == len({case.image.path for case in records.cases()})
    for case in records.cases(task="multilabel"):
        truth = case.truth
        if truth.kind == "labels":
            about = seen[case.image.path].presence
            assert all(about[label] == 1.0 for label in truth.present)
            assert not set(truth.uncertain) & set(about)
    for case in records.cases(task="instance_detection"):
        assert {box.label for box in case.truth.boxes} <= set(seen[case.image.path].places)


def test_options_and_amounts_are_gathered_too(records: RecordFile) -> None:
    placed = from_scratch(0).canvas_map
    seen = {each.image.path: each for each in look(records.cases(), lambda i: placed(i.size), SIDE)}
    for case in records.cases(task="classification"):
        presence = seen[case.image.path].presence
        assert presence[case.truth.option] == 1.0
        assert all(option in presence for option in case.turn.expects.options)
    for case in records.cases(task="regression"):
        amount = seen[case.image.path].amounts[case.turn.question]
        low, high = case.turn.expects.low, case.turn.expects.high
        assert low + amount * (high - low) == pytest.approx(case.truth.value)


def test_the_patches_of_a_box_are_told_its_edges(records: RecordFile) -> None:
    placed = from_scratch(0).canvas_map
    case = next(iter(records.cases(task="grounding")))
    (about,) = look([case], lambda image: placed(image.size), SIDE)
    (box,) = case.truth.boxes
    width, height = case.image.width, case.image.height
    shares = [box.y0 / height, box.x0 / width, box.y1 / height, box.x1 / width]
    assert {edges.patch for edges in about.edges} <= set(
        np.flatnonzero(about.places[box.label]).tolist()
    )
    for edges in about.edges:
        told = edges.waves.reshape(4, 2, WAVES)
        turns = np.array(shares)[:, None] * np.arange(1, WAVES + 1) * np.pi
        np.testing.assert_allclose(told[:, 0], np.cos(turns), atol=1e-5)
        np.testing.assert_allclose(told[:, 1], np.sin(turns), atol=1e-5)


def test_waves_are_those_of_the_location_embeddings() -> None:
    """A linear map of the waves of a place is nearest to that place's own embedding."""
    table = smooth_locations(WIDTH).numpy()
    bins = np.array([0, 200, 511, 1023])
    told = np.stack([waves(np.array([place / 1023])) for place in bins])
    columns = [*range(WAVES), *range(WIDTH // 2, WIDTH // 2 + WAVES)]
    decay = np.abs(table[:, columns]).max(axis=0)
    scores = (told * decay) @ table[:, columns].T
    assert np.abs(scores.argmax(axis=1) - bins).max() <= 2


def test_a_tower_learns_to_point(records: RecordFile) -> None:
    model = from_scratch(0)
    store = CanvasStore(records.root, model.canvas_map)
    every = look(records.cases(), lambda image: model.canvas_map(image.size), SIDE)
    seen = [each for each in every if each.places and each.presence][:8]
    sight = Sight(model.network.model.vision_tower, WIDTH, seen)
    losses: list[float] = []
    with torch.random.fork_rng(devices=[]):
        teach(sight, seen, store, 800, batch_size=8, report=lambda d, t, loss: losses.append(loss))
    assert losses[-1] < 0.8 * losses[0]
