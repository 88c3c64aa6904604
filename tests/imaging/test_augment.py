"""Pictures and what is said of them move together, or not at all."""

import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Picture
from pydantic import ValidationError

from diascope.answers import (
    Answer,
    Box,
    Boxes,
    Finding,
    Findings,
    Mask,
    Masks,
    Number,
    Text,
)
from diascope.configuration import load
from diascope.errors import InputError
from diascope.expectations import (
    BoxSpace,
    Expectation,
    FindingList,
    Free,
    MaskSpace,
    Range,
)
from diascope.geometry import Size
from diascope.imaging.augment import Augmentation, Augmented, augment
from diascope.imaging.augment_limits import LEVEL_DEG
from diascope.imaging.decode import read_image
from diascope.recordfile import RecordFile
from diascope.records import Case, Image, Record, Turn
from diascope.sources.flare import SOURCE
from diascope.tasks import all_tasks
from diascope.tasks.checks import problems

FLARE = Path(os.environ.get("DIASCOPE_DATA", "")) / "flare_mini"
SIZE = Size(160, 120)
seeds = st.integers(0, 2**32 - 1)
FLIP = Augmentation(flip=1.0)
GEOMETRY = Augmentation(
    crop_area=(0.5, 1.0), crop_aspect=(0.8, 1.25), scale=(0.7, 1.2), rotate_deg=180, flip=0.5
)
ALL = GEOMETRY.model_copy(
    update={
        "flip_chest": True,
        "brightness": 0.2,
        "contrast": (0.7, 1.4),
        "gamma": (0.7, 1.4),
        "noise_sigma": 5.0,
        "min_visible": 0.3,
    }
)
configs = st.builds(
    Augmentation,
    crop_area=st.floats(0.3, 1).map(lambda low: (low, 1.0)),
    crop_aspect=st.floats(1, 2).map(lambda high: (1 / high, high)),
    scale=st.floats(1, 2).map(lambda high: (1 / high, high)),
    rotate_deg=st.floats(0, 180),
    flip=st.floats(0, 1),
    flip_chest=st.booleans(),
    min_visible=st.floats(0.01, 1),
)
xs, ys = st.integers(0, SIZE.width - 24), st.integers(0, SIZE.height - 24)
sides = st.integers(24, 80)


def case_of(
    expects: Expectation,
    answer: Answer | None,
    question: str = "Find it.",
    task: str = "vqa",
    **record: Any,
) -> Case:
    turn = Turn(task=task, question=question, expects=expects, answer=answer)
    image = Image(path="a.png", width=SIZE.width, height=SIZE.height, spacing_mm=(0.5, 0.5))
    told = {
        "id": "a", "dataset": "cells", "patient": "p", "study": "s", "split": "train",
        "images": (image,), "turns": (turn,),
    }  # fmt: skip
    return Case(Record(**(told | record)), 0)


def detection(*boxes: Box, **told: Any) -> Case:
    return case_of(BoxSpace(labels=("cell",)), Boxes(boxes=boxes), task="detection", **told)


def segmentation(*masks: Mask) -> Case:
    return case_of(MaskSpace(labels=("cell",)), Masks(masks=masks), task="segmentation")


def cell(x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(label="cell", x0=x0, y0=y0, x1=x1, y1=y1)


def blank() -> NDArray[np.uint8]:
    return np.zeros((SIZE.height, SIZE.width), np.uint8)


def drawn(case: Case, config: Augmentation, seed: int, *pixels: NDArray[np.uint8]) -> Augmented:
    shown = pixels or tuple(blank() for _ in case.record.images)
    return augment(shown, case, config, np.random.default_rng(seed))


def rounded(case: Case) -> Any:
    """The record as plain data, without the last digits of its floats."""
    return json.loads(
        case.record.model_dump_json(), parse_float=lambda digits: round(float(digits), 6)
    )


@cache
def phantom_cases(path: Path) -> tuple[tuple[Case, tuple[NDArray[np.uint8], ...]], ...]:
    """Every case of the record file with the pixels of its images."""
    cases = [case for record in RecordFile(path) for case in record.cases()]
    return tuple(
        (case, tuple(read_image(path.parent / image.path) for image in case.record.images))
        for case in cases
    )


def same(pixels: Sequence[NDArray[np.uint8]], others: Sequence[NDArray[np.uint8]]) -> bool:
    return all(map(np.array_equal, pixels, others))


# one map for all


@given(xs, ys, sides, sides, configs, seeds)
def test_a_bright_rectangle_is_where_its_box_says(
    x: int, y: int, width: int, height: int, config: Augmentation, seed: int
) -> None:
    x1, y1 = min(x + width, SIZE.width), min(y + height, SIZE.height)
    pixels = blank()
    pixels[y:y1, x:x1] = 255
    moved = drawn(detection(cell(x, y, x1, y1)), config, seed, pixels)
    assert isinstance(moved.case.truth, Boxes)
    (box,) = moved.case.truth.boxes
    bright = moved.pixels[0] > 63
    columns, rows = np.flatnonzero(bright.any(axis=0)), np.flatnonzero(bright.any(axis=1))
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert box.corners == pytest.approx(found, abs=1.0 + _blur(moved))


def _blur(moved: Augmented) -> float:
    """Half the width, in pixels of the moved picture, of an edge between pixels of the old one."""
    spacing = moved.case.image.spacing_mm or (0.25, 0.25)
    return max(0.0, 0.5 / min(spacing) - 1) / 4


@given(configs, seeds)
def test_a_mask_and_a_box_of_a_rectangle_move_alike(config: Augmentation, seed: int) -> None:
    polygon = ((30.0, 20.0), (70.0, 20.0), (70.0, 60.0), (30.0, 60.0))
    turns = (
        *detection(cell(30, 20, 70, 60)).record.turns,
        *segmentation(Mask(label="cell", polygon=polygon)).record.turns,
    )
    moved = drawn(detection(turns=turns), config, seed).case.record
    boxes, masks = moved.turns[0].answer, moved.turns[1].answer
    assert isinstance(boxes, Boxes)
    assert isinstance(masks, Masks)
    assert boxes.boxes[0].corners == pytest.approx(masks.masks[0].bounds)


def test_a_copy_of_half_the_resolution_moves_alike() -> None:
    pixels = np.random.default_rng(3).integers(
        0, 256, (SIZE.height // 8, SIZE.width // 8), np.uint8
    )
    large = np.asarray(Picture.fromarray(pixels).resize(SIZE, Picture.Resampling.BICUBIC))
    small = np.asarray(Picture.fromarray(large).reduce(2))
    case = segmentation(Mask(label="cell", polygon=((30, 20), (70, 20), (70, 60))))
    for seed in range(8):
        whole, half = (drawn(case, GEOMETRY, seed, source) for source in (large, small))
        assert half.case == whole.case
        shrunk = np.asarray(Picture.fromarray(whole.pixels[0]).reduce(2)).astype(int)
        assert np.abs(shrunk - half.pixels[0]).mean() < 6


# laws over every task


def test_off_nothing_changes(phantom: Path) -> None:
    for case, pixels in phantom_cases(phantom):
        moved = drawn(case, Augmentation(), 0, *pixels)
        assert moved.case.record.model_dump() == case.record.model_dump()
        assert moved.case == case
        assert same(moved.pixels, pixels)


@given(configs, seeds)
def test_a_legal_answer_stays_legal(phantom: Path, config: Augmentation, seed: int) -> None:
    cases = phantom_cases(phantom)
    for at in np.random.default_rng(seed).integers(0, len(cases), 8):
        case, pixels = cases[at]
        moved = drawn(case, config, seed, *(picture[:8, :8] for picture in pixels)).case
        assert problems(case.turn, case.image.size) == []
        assert problems(moved.turn, moved.image.size) == []
        assert Record.model_validate(moved.record.model_dump()) == moved.record


def test_every_task_is_moved(phantom: Path) -> None:
    config = ALL.model_copy(update={"flip": 1.0})
    changed = {
        case.turn.task
        for case, pixels in phantom_cases(phantom)
        if not same(drawn(case, config, 1, *pixels).pixels, pixels)
    }
    assert changed == {case.turn.task for case, _ in phantom_cases(phantom)} == set(all_tasks())


def test_flipping_twice_gives_all_back(phantom: Path) -> None:
    config = Augmentation(flip=1.0, flip_chest=True)
    flips = 0
    for case, pixels in phantom_cases(phantom):
        once = drawn(case, config, 0, *pixels)
        twice = drawn(once.case, config, 0, *once.pixels)
        flips += not same(once.pixels, pixels)
        assert same(twice.pixels, pixels)
        assert rounded(twice.case) == rounded(case)
    assert flips > len(phantom_cases(phantom)) / 2


@given(seeds)
def test_the_generator_alone_decides(seed: int) -> None:
    case, pixels = detection(cell(30, 20, 70, 60)), np.full((120, 160, 3), 99, np.uint8)
    first, second = (drawn(case, ALL, seed, pixels) for _ in range(2))
    assert first.case == second.case
    assert np.array_equal(first.pixels[0], second.pixels[0])
    other = drawn(case, ALL, seed + 1, pixels)
    assert other.case.record.model_dump() != first.case.record.model_dump()
    assert not np.array_equal(other.pixels[0], first.pixels[0])


def test_a_question_without_an_answer_is_moved_too() -> None:
    case = case_of(MaskSpace(labels=("cell",)), None, task="segmentation")
    assert is_moved(case, GEOMETRY)
    assert drawn(case, GEOMETRY, 0).case.turn == case.turn


@pytest.mark.real_data
@pytest.mark.skipif(
    not os.environ.get("DIASCOPE_DATA") or not FLARE.is_dir(),
    reason="DIASCOPE_DATA names no folder that holds flare_mini",
)
def test_real_records_stay_legal_and_come_back_from_a_double_flip() -> None:
    records = [each for each in SOURCE.read(FLARE) if isinstance(each, Record)][::7]
    flip = Augmentation(flip=1.0, flip_chest=True)
    moved_tasks = set()
    for seed, case in enumerate(case for record in records for case in record.cases()):
        pixels = [np.zeros((8, 8), np.uint8) for _ in case.record.images]
        moved = drawn(case, ALL, seed, *pixels).case
        assert problems(moved.turn, moved.image.size) == problems(case.turn, case.image.size) == []
        twice = drawn(drawn(case, flip, 0, *pixels).case, flip, 0, *pixels)
        assert rounded(twice.case) == rounded(case)
        moved_tasks |= {case.turn.task} if moved.turn != case.turn else set()
    assert moved_tasks == {"detection", "instance_detection"}


# what leaves the picture


def test_a_map_that_leaves_nothing_of_an_answer_is_not_used() -> None:
    config = Augmentation(crop_area=(0.05, 0.05))
    cropped = 0
    for seed in range(40):
        moved = drawn(detection(cell(2, 2, 30, 30)), config, seed).case.truth
        assert isinstance(moved, Boxes)
        assert moved.boxes
        cropped += moved.boxes != (cell(2, 2, 30, 30),)
    assert 0 < cropped < 40


def test_evidence_moves_and_none_of_it_is_lost() -> None:
    evidence = Boxes(boxes=(cell(10, 10, 40, 40), cell(110, 80, 150, 110)))
    finding = Finding(name="nodule", status="present", evidence=evidence)
    for expects, answer, task in (
        (Free(), Text(text="Round cells.", evidence=evidence), "report"),
        (FindingList(names=("nodule",)), Findings(findings=(finding,)), "report"),
    ):
        case = case_of(expects, answer, task=task)
        moved = [
            drawn(case, GEOMETRY.model_copy(update={"flip": 0.0}), seed).case.truth
            for seed in range(30)
        ]
        assert all(_evidence(each) == 2 for each in moved)
        assert 1 < len({each.model_dump_json() for each in moved}) < 30


def _evidence(answer: Answer) -> int:
    if isinstance(answer, Text):
        return len(answer.evidence.boxes) if answer.evidence else 0
    assert isinstance(answer, Findings)
    return sum(len(one.evidence.boxes) for one in answer.findings if one.evidence)


# what is not moved


def is_moved(case: Case, config: Augmentation, num_seeds: int = 12) -> bool:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160), np.uint8)
    results = (drawn(case, config, seed, pixels).pixels[0] for seed in range(num_seeds))
    return not all(np.array_equal(result, pixels) for result in results)


COUNT = case_of(Range(high=9), Number(value=2), "What is the count?", "counting")
PLACED = case_of(Free(), Text(text="Opacity in the lower zone."), task="report")
BOXED = detection(cell(30, 20, 70, 60))


def test_a_count_keeps_its_geometry_for_later_turns_too() -> None:
    later = Case(detection(turns=COUNT.record.turns + BOXED.record.turns).record, 1)
    assert not is_moved(COUNT, GEOMETRY.model_copy(update={"flip": 0.0}))
    assert not is_moved(later, GEOMETRY.model_copy(update={"flip": 0.0}))
    assert is_moved(COUNT, FLIP)


def test_where_words_speak_of_place_nothing_is_cropped() -> None:
    assert not is_moved(PLACED, Augmentation(crop_area=(0.5, 0.6), scale=(1.5, 2.0)))
    assert is_moved(PLACED, Augmentation(scale=(0.5, 0.6)))


@pytest.mark.parametrize("case", [PLACED, BOXED])
def test_boxes_and_words_of_place_are_hardly_turned(case: Case) -> None:
    bar = blank()
    bar[55:65, :] = 255
    angles = [abs(_slope(drawn(case, Augmentation(rotate_deg=180), s, bar))) for s in range(20)]
    assert 0.5 * LEVEL_DEG < max(angles) < LEVEL_DEG + 0.5


def test_masks_alone_are_turned_all_the_way() -> None:
    bar = blank()
    bar[55:65, :] = 255
    case = segmentation(Mask(label="cell", polygon=((70, 50), (90, 50), (90, 70), (70, 70))))
    angles = [abs(_slope(drawn(case, Augmentation(rotate_deg=40), s, bar))) for s in range(20)]
    assert 20 < max(angles) < 40.5


def _slope(moved: Augmented) -> float:
    """The angle in degrees of a bright bar through the middle of the picture."""
    rows, columns = np.nonzero(moved.pixels[0][:, 40:120] > 127)
    return float(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))


# flips


def test_all_pictures_of_a_record_are_flipped_together() -> None:
    images = tuple(
        Image(path=f"{view}.png", width=SIZE.width, height=SIZE.height, view=view)
        for view in ("left oblique", "AP")
    )
    case = detection(cell(10, 20, 40, 50), images=images)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 120, 160), np.uint8)
    counts = set()
    for seed in range(12):
        moved = drawn(case, Augmentation(flip=0.5), seed, *pixels)
        counts.add(
            sum(not np.array_equal(new, old) for new, old in zip(moved.pixels, pixels, strict=True))
        )
        assert moved.case.record.images[0].view in ("left oblique", "right oblique")
    assert counts == {0, 2}


def test_only_the_image_that_moved_takes_its_answers_along() -> None:
    images = tuple(Image(path=f"{n}.png", width=SIZE.width, height=SIZE.height) for n in "ab")
    expects, box = BoxSpace(labels=("cell",)), cell(60, 40, 100, 80)
    answer = Boxes(boxes=(box,))
    turns = tuple(
        Turn(task="detection", question="Find it.", expects=expects, answer=answer, image=index)
        for index in (0, 1)
    )
    moved = drawn(detection(images=images, turns=turns), Augmentation(scale=(0.5, 1.5)), 0)
    first, second = (turn.answer for turn in moved.case.record.turns)
    assert first != answer
    assert second != answer
    assert first != second


# pixels alone


def test_intensity_and_noise_touch_pixels_only() -> None:
    case = detection(cell(30, 20, 70, 60))
    pixels = np.full((120, 160), 100, np.uint8)
    for change in (
        {"brightness": 0.3},
        {"contrast": (1.5, 2.0)},
        {"gamma": (1.5, 2.0)},
        {"noise_sigma": 9.0},
    ):
        moved = drawn(case, Augmentation.model_validate(change), 0, pixels)
        assert moved.case == case
        assert moved.pixels[0].dtype == np.uint8
        assert not np.array_equal(moved.pixels[0], pixels)


def test_noise_has_at_most_the_sigma_asked_and_no_bias() -> None:
    pixels = np.full((120, 160), 128, np.uint8)
    spreads = []
    for seed in range(10):
        noisy = drawn(COUNT, Augmentation(noise_sigma=8), seed, pixels).pixels[0]
        spreads.append(float(noisy.std()))
        assert float(noisy.mean()) == pytest.approx(128, abs=0.3)
    assert 4 < max(spreads) < 8.2


def test_what_comes_in_from_outside_is_black_however_bright_the_picture() -> None:
    config = Augmentation(scale=(0.5, 0.5), brightness=1.0, noise_sigma=20.0, contrast=(0.1, 0.1))
    for seed in range(5):
        moved = drawn(detection(), config, seed, np.full((120, 160), 255, np.uint8)).pixels[0]
        assert (moved[:29] == 0).all()
        assert (moved[60:62, 79:81] > 0).any()


def test_spacing_follows_the_scale() -> None:
    moved = drawn(detection(), Augmentation(scale=(0.5, 0.5), rotate_deg=4), 0)
    assert moved.case.image.spacing_mm == pytest.approx((1.0, 1.0))
    assert moved.case.image.size == SIZE


# the configuration


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("crop_area", "[0.9, 0.5]", r"\[lowest, highest\] from 0.01 to 1, not \[0.9, 0.5\]"),
        ("crop_area", "[0.5, 1.5]", r"from 0.01 to 1, not \[0.5, 1.5\]"),
        ("scale", "[0.0, 1.0]", r"from 0.25 to 4, not \[0, 1\]"),
        ("gamma", "[-1.0, 1.0]", r"gamma: a range is"),
        ("rotate_deg", "270.0", r"rotate_deg: should be less than or equal to 180"),
        ("flip", "2.0", r"flip: should be less than or equal to 1"),
        ("min_visible", "0.0", r"min_visible: should be greater than 0"),
        ("rotate", "5.0", r"rotate: unknown key, did you mean 'rotate_deg'"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, key: str, value: str, message: str
) -> None:
    (tmp_path / "augmentation.toml").write_text(f"{key} = {value}\n")
    with pytest.raises(InputError, match=message):
        load(tmp_path / "augmentation.toml", [], Augmentation)


def test_ranges_are_floats_that_are_finite() -> None:
    with pytest.raises(ValidationError):
        Augmentation(scale=(1.0, float("inf")))


def test_pictures_and_images_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="zip"):
        drawn(detection(), Augmentation(), 0, blank(), blank())
