"""Augmentation: a picture and everything said of it, moved together.

A training example is drawn anew each time it is seen: each picture of its record is moved by one
affine map, and the record's answers, names and words with it, so that they stay true. A map that
would make the record untrue is not used; what is checked, and how, is in `augment_limits`,
`augment_answers` and `augment_words`. All of it is a function of the configuration and the
generator.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, FiniteFloat, ValidationInfo, field_validator

from diascope.geometry import Rect, Size
from diascope.imaging.affine import (
    Matrix,
    Pixels,
    about_centre,
    mirror,
    moved_spacing,
    onto_picture,
    warp,
)
from diascope.imaging.augment_answers import Move, stays_true
from diascope.imaging.augment_limits import Limits, flipped
from diascope.records import Case, Record, Turn
from diascope.values import Value

Span = tuple[FiniteFloat, FiniteFloat]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]

_BOUNDS: Mapping[str, Span] = {
    "crop_area": (0.01, 1.0),
    "crop_aspect": (0.25, 4.0),
    "scale": (0.25, 4.0),
    "contrast": (0.1, 10.0),
    "gamma": (0.1, 10.0),
}


class Augmentation(Value):
    """How far training pictures may be changed; by default not at all.

    A range is the lowest and the highest value; factors are drawn evenly on a logarithmic scale.
    """

    crop_area: Span = (1.0, 1.0)
    """Share of the picture that a crop keeps. Stay near 1 where answers rest on small findings
    that nothing locates: nobody can tell when a crop has lost one."""
    crop_aspect: Span = (1.0, 1.0)
    """Aspect ratio of a crop over that of the picture: the crop is stretched by it."""
    scale: Span = (1.0, 1.0)
    """Factor of magnification about the centre."""
    rotate_deg: Annotated[FiniteFloat, Field(ge=0, le=180)] = 0.0
    """Largest angle of a turn about the centre, to either side."""
    flip: Share = 0.0
    """Probability that left and right are exchanged, in pictures and words."""
    flip_chest: bool = False
    """Flip chest radiographs too: what they show is then dextrocardia."""
    brightness: Share = 0.0
    """Largest change of brightness to either side, as a share of full scale."""
    contrast: Span = (1.0, 1.0)
    """Factor on the distance from mid-grey."""
    gamma: Span = (1.0, 1.0)
    """Exponent of brightness."""
    noise_sigma: Annotated[FiniteFloat, Field(ge=0, le=255)] = 0.0
    """Largest standard deviation of Gaussian noise, in grey levels of 255."""
    min_visible: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.5
    """Share of an object's area that must be in the picture for the object to be named."""

    @field_validator(*_BOUNDS)
    @classmethod
    def _ordered(cls, span: Span, info: ValidationInfo) -> Span:
        least, most = _BOUNDS[str(info.field_name)]
        low, high = span
        if not least <= low <= high <= most:
            asked = f"a range is [lowest, highest] from {least:g} to {most:g}"
            raise ValueError(f"{asked}, not [{low:g}, {high:g}]")
        return span


class Augmented(NamedTuple):
    """A case whose record is true of these pictures, one for each of its images."""

    pixels: tuple[Pixels, ...]
    case: Case


def augment(
    pixels: Sequence[Pixels], case: Case, config: Augmentation, rng: np.random.Generator
) -> Augmented:
    """The case and its pictures, moved by maps drawn from `rng`.

    `pixels` are [height, width] or [height, width, 3], one for each image of the record, each of
    them the whole image at any resolution; ValueError where there are more or fewer. They keep
    their sizes, and so do the record's images. A flip is drawn once for the whole record, the rest
    for each image.
    """
    limits = Limits.of(case.record)
    is_flipped = rng.random() < config.flip
    mirrored = flipped(case.record, config.flip_chest) if is_flipped else None
    record, drawn = mirrored or case.record, []
    for index, (image, source) in enumerate(zip(case.record.images, pixels, strict=True)):
        last = mirror(image.size) if mirrored else np.eye(3)
        matrix = last @ _geometry(image.size, config, limits, rng)
        moved = _moved(record, index, matrix, config.min_visible)
        if not _stays_true(record, moved):
            matrix, moved = last, _moved(record, index, last, config.min_visible)
        record = moved
        touched = _retouched(source, config, rng)
        drawn.append(warp(touched, _in_pixels(matrix, image.size, source)))
    return Augmented(tuple(drawn), Case(record, case.index))


def _geometry(size: Size, config: Augmentation, limits: Limits, rng: np.random.Generator) -> Matrix:
    """A crop, then a turn and a magnification, as far as the limits allow."""
    crop = onto_picture(_window(size, config, rng), size)
    turn = rng.uniform(-1, 1) * min(config.rotate_deg, limits.max_turn_deg)
    factor = _factor(config.scale, rng)
    if limits.is_still:
        return np.eye(3)
    if limits.is_whole:
        return about_centre(size, turn, min(factor, 1.0))
    return about_centre(size, turn, factor) @ crop


def _window(size: Size, config: Augmentation, rng: np.random.Generator) -> Rect:
    """The part of the picture that is kept."""
    share, aspect = rng.uniform(*config.crop_area), _factor(config.crop_aspect, rng)
    width = size.width * min(1.0, math.sqrt(share * aspect))
    height = size.height * min(1.0, math.sqrt(share / aspect))
    x0, y0 = rng.random() * (size.width - width), rng.random() * (size.height - height)
    return (x0, y0, x0 + width, y0 + height)


def _factor(span: Span, rng: np.random.Generator) -> float:
    """Between the bounds, a factor and its inverse being equally likely."""
    return math.exp(rng.uniform(math.log(span[0]), math.log(span[1])))


def _moved(record: Record, index: int, matrix: Matrix, min_visible: float) -> Record:
    """The record with one of its images moved."""
    if np.array_equal(matrix, np.eye(3)):
        return record
    image = record.images[index]
    move = Move(matrix, image.size, min_visible)
    turns = (_moved_turn(turn, move) if turn.image == index else turn for turn in record.turns)
    spacing = image.spacing_mm and moved_spacing(matrix, image.spacing_mm)
    images = list(record.images)
    images[index] = image.model_copy(update={"spacing_mm": spacing})
    return record.model_copy(update={"turns": tuple(turns), "images": tuple(images)})


def _moved_turn(turn: Turn, move: Move) -> Turn:
    if turn.answer is None:
        return turn
    return turn.model_copy(update={"answer": move.answer(turn.answer)})


def _stays_true(before: Record, after: Record) -> bool:
    pairs = zip(before.turns, after.turns, strict=True)
    return all(
        stays_true(old.answer, new.answer) for old, new in pairs if old.answer and new.answer
    )


def _in_pixels(matrix: Matrix, size: Size, pixels: Pixels) -> Matrix:
    """The map of an image in the pixels of a copy of any resolution."""
    zoom = np.diag([pixels.shape[1] / size.width, pixels.shape[0] / size.height, 1.0])
    there: Matrix = zoom @ matrix @ np.linalg.inv(zoom)
    return there


def _retouched(pixels: Pixels, config: Augmentation, rng: np.random.Generator) -> Pixels:
    """Other brightness, contrast and gamma, and noise; done before the move: outside is black."""
    brightness = rng.uniform(-config.brightness, config.brightness)
    contrast, gamma = _factor(config.contrast, rng), _factor(config.gamma, rng)
    sigma = rng.uniform(0.0, config.noise_sigma)
    grey = np.arange(256) / 255
    curve = _levels(255 * ((grey**gamma - 0.5) * contrast + 0.5 + brightness))
    touched = np.take(curve, pixels)
    if not sigma:
        return touched
    noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(sigma)
    return _levels(touched + noise)


def _levels(values: np.typing.NDArray[np.floating]) -> Pixels:
    levels: Pixels = np.rint(values).clip(0, 255).astype(np.uint8)
    return levels
