"""Patients of the chest phantom: an anatomy, and studies whose findings come, grow and go.

The patient's left is on the right of the image, as radiologists hang it: side +1 is "left".
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from diascope.sources._phantom.canvas import wobbly

Side = Literal["left", "right"]
Kind = Literal["nodule", "nodule, calcified", "opacity", "effusion", "pneumothorax", "device"]
LUNG_KINDS: tuple[Kind, ...] = (
    "nodule",
    "nodule, calcified",
    "opacity",
    "effusion",
    "pneumothorax",
)
KINDS: tuple[Kind, ...] = (*LUNG_KINDS, "device")
FOCAL: tuple[Kind, ...] = ("nodule", "nodule, calcified", "opacity")
SIGNS: dict[Side, int] = {"left": 1, "right": -1}
INNER = 0.055
"""Where the lungs begin, from the midline."""
FAINT = 0.35
"""How much of its contrast an uncertain finding keeps."""
# Opacities are outlined, and a small model needs many outlines.
_CHANCES = (0.18, 0.18, 0.28, 0.18, 0.18)
_ZONES = {"upper": (0.2, 0.36), "middle": (0.46, 0.6), "lower": (0.68, 0.8)}
# Small and large sizes: radius, share of the image's width; for effusion and pneumothorax the
# share of the lung they fill. Between the two lies a gap, so that the words are never a coin toss.
_SIZES: dict[Kind, tuple[tuple[float, float], tuple[float, float]]] = {
    "nodule": ((0.05, 0.065), (0.08, 0.105)),
    "nodule, calcified": ((0.05, 0.06), (0.07, 0.085)),
    "opacity": ((0.085, 0.11), (0.135, 0.175)),
    "effusion": ((0.16, 0.24), (0.36, 0.52)),
    "pneumothorax": ((0.22, 0.3), (0.38, 0.5)),
    "device": ((0.06, 0.08), (0.06, 0.08)),
}


@dataclass(frozen=True)
class Anatomy:
    """What stays the same in a patient, in body coordinates (see `canvas`)."""

    thorax: float
    """Half the widest inner width of the rib cage."""
    apex: float
    base: float
    """Top and bottom of the lungs."""
    heart_ratio: float
    """Cardiothoracic ratio."""
    heart_height: float
    heart_lean: float
    """Share of the heart's width on the left of the midline."""
    wall: float
    rib_count: float
    rib_phase: float
    dome: float

    def outer(self, q: float) -> float:
        """Half the inner width of the rib cage at the share q of the lung's height."""
        return self.thorax * math.sqrt(max(0.0, 1 - (1 - q) ** 2.4))

    def heart_edge(self, side: Side) -> float:
        """How far the heart reaches from the midline on a side."""
        share = self.heart_lean if side == "left" else 1 - self.heart_lean
        return 2 * self.thorax * self.heart_ratio * share


@dataclass(frozen=True)
class Lesion:
    """One finding and where it is; `number` follows it from study to study."""

    number: int
    kind: Kind
    side: Side
    zone: str
    u: float
    v: float
    depth: float
    """-1 at the front of the chest, +1 at its back."""
    size: float
    outline: tuple[float, ...]
    strength: float = 1.0

    @property
    def large(self) -> bool:
        """Whether a report calls it large."""
        small, large = _SIZES[self.kind]
        return self.size > (small[1] + large[0]) / 2


@dataclass(frozen=True)
class ChestStudy:
    """One visit: the patient's anatomy that day and every finding."""

    number: int
    anatomy: Anatomy
    lesions: tuple[Lesion, ...]

    def of(self, kind: Kind) -> tuple[Lesion, ...]:
        """The findings of a kind."""
        return tuple(lesion for lesion in self.lesions if lesion.kind == kind)

    @property
    def faint(self) -> frozenset[Kind]:
        """The kinds that nobody could be sure of."""
        return frozenset(lesion.kind for lesion in self.lesions if lesion.strength < 1)

    @property
    def enlarged(self) -> bool:
        """A heart wider than half the chest."""
        return self.anatomy.heart_ratio > 0.5


def chest_patient(rng: np.random.Generator) -> tuple[ChestStudy, ...]:
    """One to three studies of one patient, oldest first."""
    anatomy = _anatomy(rng)
    studies = [ChestStudy(0, anatomy, _first_lesions(rng, anatomy))]
    for number in range(1, 1 + int(rng.choice(3, p=(0.35, 0.4, 0.25)))):
        studies.append(_next_study(rng, studies[-1], number))
    return tuple(studies)


def _anatomy(rng: np.random.Generator) -> Anatomy:
    ratio = rng.uniform(0.36, 0.485) if rng.random() < 0.5 else rng.uniform(0.515, 0.66)
    return Anatomy(
        thorax=rng.uniform(0.29, 0.42),
        apex=rng.uniform(-0.42, -0.36),
        base=rng.uniform(0.26, 0.36),
        heart_ratio=ratio,
        heart_height=rng.uniform(0.24, 0.38),
        heart_lean=rng.uniform(0.58, 0.72),
        wall=rng.uniform(0.04, 0.08),
        rib_count=rng.uniform(7.5, 10),
        rib_phase=rng.uniform(0, 1),
        dome=rng.uniform(0.05, 0.09),
    )


def _first_lesions(rng: np.random.Generator, anatomy: Anatomy) -> tuple[Lesion, ...]:
    lesions: tuple[Lesion, ...] = ()
    count = int(rng.choice(3, p=(0.13, 0.5, 0.37)))
    for index in rng.choice(len(LUNG_KINDS), count, replace=False, p=_CHANCES):
        lesions = _with_kind(rng, anatomy, lesions, LUNG_KINDS[index])
    if rng.random() < 0.4:
        lesions = _with_kind(rng, anatomy, lesions, "device")
    return lesions


def _with_kind(
    rng: np.random.Generator, anatomy: Anatomy, lesions: tuple[Lesion, ...], kind: Kind
) -> tuple[Lesion, ...]:
    chances = {"nodule": (0.6, 0.28, 0.12), "nodule, calcified": (0.75, 0.25, 0)}
    count = 1 + int(rng.choice(3, p=chances.get(kind, (1, 0, 0))))
    strength = FAINT if kind != "device" and rng.random() < 0.1 else 1.0
    for _ in range(count):
        for _ in range(8):
            lesion = replace(_lesion(rng, anatomy, kind, len(lesions)), strength=strength)
            if not any(_overlap(lesion, other) for other in lesions):
                lesions = (*lesions, lesion)
                break
    return lesions


def _overlap(a: Lesion, b: Lesion) -> bool:
    if a.side != b.side:
        return False
    if a.kind in FOCAL and b.kind in FOCAL:
        return math.hypot(a.u - b.u, a.v - b.v) < a.size + b.size
    focal, other = (a, b) if a.kind in FOCAL else (b, a)
    hidden = {"effusion": ("lower", "middle"), "pneumothorax": ("upper", "middle")}
    return focal.kind not in FOCAL or focal.zone in hidden.get(other.kind, ("upper",))


def _lesion(rng: np.random.Generator, anatomy: Anatomy, kind: Kind, number: int) -> Lesion:
    side: Side = "left" if rng.random() < 0.5 else "right"
    zone = str(rng.choice(list(_ZONES)))
    size = float(rng.uniform(*_SIZES[kind][int(rng.random() < 0.5)]))
    q = rng.uniform(*_ZONES[zone])
    v = anatomy.apex + q * (anatomy.base - anatomy.apex)
    if kind == "device":
        u, v = rng.uniform(0.2, 0.34), rng.uniform(-0.34, -0.14)
    else:
        inner = INNER if zone == "upper" else max(INNER, anatomy.heart_edge(side))
        low, high = inner + 0.6 * size, anatomy.outer(q) - 0.8 * size
        u = rng.uniform(low, high) if low < high else high
    return Lesion(
        number=number,
        kind=kind,
        side=side,
        zone=zone,
        u=u * SIGNS[side],
        v=v,
        depth=float(rng.choice((-1, 1)) * rng.uniform(0.4, 0.9)),
        size=size,
        outline=wobbly(rng, 0.25),
    )


def _next_study(rng: np.random.Generator, before: ChestStudy, number: int) -> ChestStudy:
    """Each finding goes (15 %), grows, shrinks or stays; sometimes a new one comes."""
    ratio = before.anatomy.heart_ratio + rng.uniform(-0.006, 0.006)
    anatomy = replace(before.anatomy, heart_ratio=ratio)
    lesions = tuple(_evolved(rng, one) for one in before.lesions if rng.random() > 0.15)
    missing = [kind for kind in LUNG_KINDS if kind not in {one.kind for one in lesions}]
    if len(missing) > 3 and rng.random() < 0.5:
        start = len(before.lesions) + 10 * number
        fresh = _with_kind(rng, anatomy, lesions, missing[int(rng.integers(len(missing)))])
        grown = fresh[len(lesions) :]
        lesions += tuple(replace(one, number=start + i) for i, one in enumerate(grown))
    return ChestStudy(number, anatomy, lesions)


def _evolved(rng: np.random.Generator, lesion: Lesion) -> Lesion:
    factor = float(rng.choice((1.0, 1.0, 1.5, 1.4, 1 / 1.4, 1 / 1.5)) * rng.uniform(0.98, 1.02))
    if lesion.kind == "device":
        return lesion
    (smallest, _), (_, largest) = _SIZES[lesion.kind]
    return replace(lesion, size=min(max(lesion.size * factor, smallest), largest))
