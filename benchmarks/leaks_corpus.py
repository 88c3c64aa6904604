"""Pictures of the leak benchmark, drawn and real, and the copies that are planted among them."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diascope.imaging.decode import read_image
from diascope.sources.phantom import PhantomSettings, generate

HALF, PHANTOM_SEED = 2500, 29
PATIENTS = {
    "bccd_blood_cells": None,
    "dsb2018_nuclei": None,
    "hannover_covid_cxr": "patient_id",
    "hc18_fetal_head_us": "subject",
    "kermany_pediatric_pneumonia": "patient_token",
    "nih_cxr14_sample": "patient_id",
    "vqa_rad": None,
}
"""Data sets, and what their rows call the patient; None where nobody knows."""

Pixels = NDArray[np.uint8]
Alteration = Callable[[Pixels, np.random.Generator], Pixels]


class Picture(NamedTuple):
    """A decoded picture, and whose it is as far as that is known."""

    name: str
    dataset: str
    patient: str
    pixels: Pixels


def encoded(pixels: Pixels, quality: int) -> Pixels:
    """Through JPEG and back."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def resized(pixels: Pixels, scale: float) -> Pixels:
    """Both sides times `scale`."""
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def cropped(pixels: Pixels, share: float, at: tuple[float, float]) -> Pixels:
    """Without a share of each side, of which the part `at` is cut off at the start."""
    sides = pixels.shape[:2]
    (top, left), (down, across) = (
        [round(side * share * place) for side, place in zip(sides, at, strict=True)],
        [round(side * share) for side in sides],
    )
    part: Pixels = pixels[top : sides[0] - down + top, left : sides[1] - across + left]
    return part


def brighter(pixels: Pixels, gain: float) -> Pixels:
    """Every level times `gain`, white where that is too much."""
    return np.clip(np.rint(pixels * gain), 0, 255).astype(np.uint8)


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Turned about the middle, black corners."""
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC))


def either(rng: np.random.Generator, low: tuple[float, float], high: tuple[float, float]) -> float:
    """A number from one of two ranges."""
    return float(rng.uniform(*(low if rng.random() < 0.5 else high)))


def at_once(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Resized, cropped, brighter or darker, flipped and encoded."""
    small = resized(pixels, float(rng.uniform(0.5, 0.9)))
    part = brighter(
        cropped(small, 0.05, (rng.random(), rng.random())), float(rng.uniform(0.8, 1.2))
    )
    return encoded(np.ascontiguousarray(part[:, ::-1]), int(rng.integers(40, 91)))


REQUIRED: dict[str, Alteration] = {
    "exact copy": lambda pixels, rng: pixels,
    "JPEG, quality 40 to 90": lambda pixels, rng: encoded(pixels, int(rng.integers(40, 91))),
    "resized by 0.5 to 0.9 or 1.1 to 1.5": lambda pixels, rng: resized(
        pixels, either(rng, (0.5, 0.9), (1.1, 1.5))
    ),
    "cropped by 5 % of each side, anywhere": lambda pixels, rng: cropped(
        pixels, 0.05, (rng.random(), rng.random())
    ),
    "brightness times 0.7 to 0.9 or 1.1 to 1.3": lambda pixels, rng: brighter(
        pixels, either(rng, (0.7, 0.9), (1.1, 1.3))
    ),
    "flipped left-right": lambda pixels, rng: np.ascontiguousarray(pixels[:, ::-1]),
}
BEYOND: dict[str, Alteration] = {
    "cropped by 5 % at every edge": lambda pixels, rng: cropped(pixels, 0.1, (0.5, 0.5)),
    "cropped by 10 % of each side, anywhere": lambda pixels, rng: cropped(
        pixels, 0.1, (rng.random(), rng.random())
    ),
    "resized, cropped, brightness, flipped and JPEG at once": at_once,
    "JPEG, quality 10": lambda pixels, rng: encoded(pixels, 10),
    "gamma 0.7": lambda pixels, rng: np.rint(255 * (pixels / 255) ** 0.7).astype(np.uint8),
    "turned by 2 degrees": lambda pixels, rng: turned(pixels, 2),
    "turned by 90 degrees": lambda pixels, rng: np.ascontiguousarray(np.rot90(pixels)),
    "flipped upside down": lambda pixels, rng: np.ascontiguousarray(pixels[::-1]),
}


def drawn_pictures(folder: Path) -> list[Picture]:
    """Every picture of 1,300 phantom patients."""
    settings = PhantomSettings(seed=PHANTOM_SEED, patients=1300)
    found: dict[str, Picture] = {}
    for record in generate(folder, settings, workers=2):
        for image in record.images:
            if image.path not in found:
                pixels = read_image(folder / image.path)
                patient = f"phantom {record.patient}"
                found[image.path] = Picture(Path(image.path).name, record.dataset, patient, pixels)
    return list(found.values())


def real_pictures(root: Path) -> Iterator[Picture]:
    """Every picture of the seven sets."""
    for dataset, key in PATIENTS.items():
        folder = root / dataset
        (table,) = (folder / name for name in ("annotations.jsonl", "qa.jsonl")
                    if (folder / name).exists())  # fmt: skip
        rows = {row["image"]: row for row in map(json.loads, table.read_text().splitlines())}
        for path, row in sorted(rows.items()):
            patient = str(row[key]).split(":")[-1] if key else path
            yield Picture(
                Path(path).name, dataset, f"{dataset} {patient}", read_image(folder / path)
            )


class Corpus(NamedTuple):
    """Pictures, copies behind the originals, and what every copy is."""

    pictures: list[Picture]
    origins: list[int]
    alterations: list[str]


def corpus(
    halves: Sequence[list[Picture]], altering: dict[str, Alteration], rng: np.random.Generator
) -> Corpus:
    """2,500 of each half, and altered copies of a tenth, every alteration equally often."""
    originals: list[Picture] = []
    chosen: list[int] = []
    for half in halves:
        picked = rng.choice(len(half), HALF, replace=False)
        chosen += (len(originals) + rng.choice(HALF, HALF // 10, replace=False)).tolist()
        originals += [half[index] for index in picked]
    names = [list(altering)[place % len(altering)] for place in range(len(chosen))]
    copies = [
        originals[index]._replace(pixels=altering[name](originals[index].pixels, rng))
        for index, name in zip(chosen, names, strict=True)
    ]
    return Corpus(originals + copies, [*range(len(originals)), *chosen], names)
