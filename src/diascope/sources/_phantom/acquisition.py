"""From attenuation to an 8-bit picture: counts, blur, window, gamma, borders, a burned-in mark.

Bright is dense, as on a MONOCHROME2 radiograph; nothing is ever inverted.
"""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.records import Image
from diascope.sources._phantom.canvas import Plane, View, clouds, soften
from diascope.sources._phantom.dial import Dial

Picture = NDArray[np.uint8]


def chest_view(rng: np.random.Generator, dial: Dial) -> View:
    """A detector and the patient's pose before it."""
    width = int(rng.integers(176, 257))
    return View(
        width=width,
        height=min(288, int(width * rng.uniform(0.95, 1.2))),
        angle=float(rng.uniform(-0.07, 0.07)) * dial.spread,
        scale=1 + float(rng.uniform(-0.17, 0.07)) * dial.spread,
        shift=(
            float(rng.uniform(-0.08, 0.08)) * dial.spread,
            float(rng.uniform(-0.04, 0.04)) * dial.spread,
        ),
    )


def expose_chest(plane: Plane, view: View, dial: Dial, rng: np.random.Generator) -> Picture:
    """Counts with noise, an uneven field, then a window whose width and level vary."""
    plane = plane + clouds(rng, view, 4) * np.float32(0.04 * dial.spread)
    plane = soften(plane, 1 if dial.style == "A" else 3)
    noise = rng.standard_normal(plane.shape, dtype=np.float32)
    # The standard deviation of -log of a Poisson count with mean exp(-a) grows as exp(a / 2).
    graininess = 0.028 if dial.style == "A" else 0.045
    plane = plane + noise * np.exp(plane * np.float32(0.5)) * np.float32(graininess * dial.noise)
    low = 0.02 + rng.uniform(-0.12, 0.12) * dial.spread
    wide = (1.25 if dial.style == "A" else 1.4) * float(
        np.exp(rng.uniform(-0.22, 0.22) * dial.spread)
    )
    gamma = rng.uniform(0.9, 1.1) if dial.style == "A" else rng.uniform(0.65, 0.85)
    shown = np.clip((plane - np.float32(low)) * np.float32(1 / wide), 0, 1)
    picture: Picture = (shown ** np.float32(gamma) * 255).astype(np.uint8)
    if dial.style == "B":
        _collimate(picture, rng)
        _mark(picture, "L", (0.82, 0.92), rng)
    return picture


def expose_cells(plane: Plane, view: View, dial: Dial, rng: np.random.Generator) -> Picture:
    """Transmitted light through the stain, on a lamp that is never quite central."""
    lamp = rng.uniform(0.45, 0.95) ** (1 if dial.style == "A" else 1.3)
    uneven = clouds(rng, view, 4) * np.float32(0.07 * dial.spread)
    plane = soften(plane, 1 if dial.style == "A" else 3)
    light = np.exp(-plane) * (1 + uneven) * np.float32(lamp)
    noise = rng.standard_normal(plane.shape, dtype=np.float32)
    graininess = (0.022 if dial.style == "A" else 0.036) * dial.noise
    light += noise * np.sqrt(np.clip(light, 0.02, None)) * np.float32(graininess)
    gamma = rng.uniform(0.9, 1.1) if dial.style == "A" else rng.uniform(1.2, 1.5)
    picture: Picture = (np.clip(light, 0, 1) ** np.float32(gamma) * 255).astype(np.uint8)
    if dial.style == "B":
        _mark(picture, "40x", (0.02, 0.12), rng)
    return picture


def _collimate(picture: Picture, rng: np.random.Generator) -> None:
    """Black borders where the beam was closed, at most 4 % of a side each."""
    height, width = picture.shape
    top, bottom = rng.integers(0, max(2, height // 25), 2)
    left, right = rng.integers(0, max(2, width // 25), 2)
    picture[:top] = picture[height - bottom :] = 0
    picture[:, :left] = picture[:, width - right :] = 0


def _mark(
    picture: Picture, text: str, across: tuple[float, float], rng: np.random.Generator
) -> None:
    """Burns a text into the upper part, its left edge within `across` of the width."""
    from PIL import Image as Pixels
    from PIL import ImageDraw, ImageFont

    height, width = picture.shape
    canvas = Pixels.new("L", (30, 14))
    ImageDraw.Draw(canvas).text((1, 1), text, fill=255, font=ImageFont.load_default(11))
    stamp = np.asarray(canvas)
    x = int(min(width - 30, rng.uniform(*across) * width))
    y = int(rng.uniform(0.03, 0.1) * height)
    window = picture[y : y + 14, x : x + 30]
    np.maximum(window, stamp, out=window)


class Place(NamedTuple):
    """Where a picture is filed, and what it is."""

    folder: Path
    """Of the records; pictures lie in its images folder."""
    study: str
    view: str
    role: str = "main"


def save(picture: Picture, place: Place, field_mm: float) -> Image:
    """Writes images/STUDY-VIEW.png; `field_mm` is the width of the field of view, millimetres."""
    from PIL import Image as Pixels

    path = f"images/{place.study}-{place.view}.png"
    encoded = io.BytesIO()
    Pixels.fromarray(picture).save(encoded, "PNG", compress_level=1)
    (place.folder / path).write_bytes(encoded.getvalue())
    height, width = picture.shape
    return Image(
        path=path,
        width=width,
        height=height,
        role=place.role,
        study=place.study,
        view=place.view,
        sha256=hashlib.sha256(encoded.getvalue()).hexdigest(),
        spacing_mm=(field_mm / width, field_mm / width),
    )
