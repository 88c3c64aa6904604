"""Blood films of the microscopy phantom: cells by kind, and how they lie in a field of view."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diascope.sources._phantom.canvas import View, wobbly

CellKind = Literal["red cell", "white cell", "platelet"]
Shape = Literal["round", "oval", "sickle", "target"]
CELL_KINDS: tuple[CellKind, ...] = ("red cell", "white cell", "platelet")
SHAPES: tuple[Shape, ...] = ("round", "oval", "sickle", "target")
MOST_CELLS = 12
_MARGIN = 0.02


@dataclass(frozen=True)
class Cell:
    """One cell; lengths are shares of the image's width, y too."""

    kind: CellKind
    x: float
    y: float
    radius: float
    """Of the circle that holds it."""
    angle: float
    shade: float
    outline: tuple[float, ...]


@dataclass(frozen=True)
class Field:
    """What lies under the microscope; the shape of the red cells is the patient's."""

    shape: Shape
    height: float
    """Of the image, as a share of its width."""
    cells: tuple[Cell, ...]

    def of(self, kind: CellKind) -> tuple[Cell, ...]:
        """The cells of a kind."""
        return tuple(cell for cell in self.cells if cell.kind == kind)


def blood_shape(rng: np.random.Generator) -> Shape:
    """What a patient's red cells look like."""
    return SHAPES[int(rng.integers(len(SHAPES)))]


def field_view(rng: np.random.Generator) -> View:
    """A camera."""
    width = int(rng.integers(184, 257))
    return View(width, int(width * rng.uniform(0.8, 1.05)))


def blood_field(rng: np.random.Generator, shape: Shape, height: float) -> Field:
    """Between 0 and MOST_CELLS cells that do not hide one another."""
    wanted = int(rng.integers(0, MOST_CELLS + 1))
    largest = 0.105 if wanted <= 6 else 0.085
    size = rng.uniform(0.065, largest)
    # Half of the films show one white cell and no more, so that there is one to outline.
    lone = bool(rng.random() < 0.5)
    shares = rng.dirichlet((3.0, 0.001 if lone else 1.1, 1.1))
    cells: list[Cell] = []
    kind: CellKind
    for number in range(wanted):
        white = lone and number == 0
        kind = "white cell" if white else CELL_KINDS[int(rng.choice(3, p=shares))]
        for _ in range(40):
            cell = _cell(rng, kind, size, height)
            if all(_apart(cell, other) for other in cells):
                cells.append(cell)
                break
    return Field(shape, height, tuple(cells))


def _cell(rng: np.random.Generator, kind: CellKind, size: float, height: float) -> Cell:
    relative = {"red cell": 1.0, "white cell": 1.35, "platelet": 0.7}[kind]
    radius = size * relative * rng.uniform(0.9, 1.1)
    keep = radius + _MARGIN
    return Cell(
        kind=kind,
        x=rng.uniform(keep, 1 - keep),
        y=rng.uniform(keep, height - keep),
        radius=radius,
        angle=rng.uniform(0, 2 * math.pi),
        shade=rng.uniform(0.85, 1.15),
        outline=tuple(r / 1.15 for r in wobbly(rng, 0.15)) if kind == "white cell" else (),
    )


def _apart(a: Cell, b: Cell) -> bool:
    return math.hypot(a.x - b.x, a.y - b.y) > (a.radius + b.radius) * 0.95
