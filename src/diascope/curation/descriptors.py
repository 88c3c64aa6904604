"""Short descriptors of thumbnails that tell near copies from pictures that only look alike.

A descriptor comes from the lowest frequencies (discrete cosine transform) of a thumbnail, free of
brightness and contrast. Its axes are fitted to the pictures at hand: a direction counts by how much
more the pictures differ along it than a small misplacement of one picture moves it (the idea of
LDAHash, Strecha et al., IEEE TPAMI 34(1), 2012, doi:10.1109/TPAMI.2011.103), and a unit of
distance is what such a misplacement does. That is what keeps radiographs of different people apart.

A crop is met by asking for it: the descriptor of any window of a picture follows from the picture's
own frequencies by one matrix, and is the descriptor of a copy cropped to that window.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diascope.curation.fingerprint import SIDE

Floats = NDArray[np.floating[Any]]
KEPT = 12
"""Frequencies kept of a thumbnail along each axis."""
USED = 8
"""Frequencies of a window that its descriptor is made of, along each axis."""
DIMENSIONS = 16
_SAMPLE = 4096
_CHUNK = 16_384
_STEP = 0.0125
_NOISE = 0.003
"""What encoding does to a frequency, as a share of a picture's contrast."""
_FAINT = 1.0
"""Grey levels under which contrast is not made 1, for there is only noise."""


class Span(NamedTuple):
    """A part of an axis, as fractions of its length."""

    start: float
    end: float


class Window(NamedTuple):
    """A part of a picture."""

    rows: Span
    columns: Span


_SPANS = (Span(0, 1), Span(0, 0.95), Span(0.025, 0.975), Span(0.05, 1), Span(0.05, 0.95))
WHOLE = Window(_SPANS[0], _SPANS[0])
WINDOWS = tuple(Window(rows, columns) for rows, columns in product(_SPANS, _SPANS))
"""What a copy may have been cropped to; the whole comes first."""
GAINS = (1.1, 1.2, 1.35)
"""How much brighter a copy may be where that makes parts of it white."""


def frequencies(
    thumbnails: NDArray[np.uint8], places: NDArray[np.int64], gain: float = 1.0
) -> Floats:
    """The lowest KEPT * KEPT frequencies of the thumbnails at these places, in grey levels.

    With a `gain`, those of the thumbnails made brighter by it, white where that is too bright.
    """
    found = np.empty((len(places), KEPT * KEPT), np.float32)
    cosines = _cosines()
    for start in range(0, len(places), _CHUNK):
        part = thumbnails[places[start : start + _CHUNK]].astype(np.float32)
        part = np.minimum(part * np.float32(gain), 255)
        found[start : start + _CHUNK] = (cosines @ part @ cosines.T).reshape(len(part), -1)
    return found


def mirrored(found: Floats) -> Floats:
    """The frequencies of the same pictures flipped left-right."""
    signs = np.where(np.arange(KEPT) % 2, -1, 1).astype(np.float32)
    return found * np.tile(signs, KEPT)


@dataclass(frozen=True)
class Describer:
    """Describes windows of pictures along the axes fitted to them."""

    axes: Floats
    """[frequencies, DIMENSIONS]."""

    @classmethod
    def fitted(cls, found: Floats) -> "Describer":
        """Axes for pictures of these frequencies, from an even sample of at most 4096 of them."""
        sample = found[:: -(-len(found) // _SAMPLE)]
        centre = _normalised(sample, _misplaced()[0])
        moved = (_normalised(sample, window) - centre for window in _misplaced()[1:])
        noise = sum((each.T @ each for each in moved), np.zeros((USED**2 - 1,) * 2, np.float32))
        noise /= len(sample) * (len(_misplaced()) - 1)
        noise += np.eye(len(noise), dtype=np.float32) * _NOISE**2
        return cls(_discriminating(noise, _normalised(sample, WHOLE)))

    def describe(self, found: Floats, window: Window) -> Floats:
        """The descriptors [pictures, DIMENSIONS] of a window of pictures of these frequencies."""
        described = np.empty((len(found), self.axes.shape[1]), np.float32)
        for start in range(0, len(found), _CHUNK):
            part = found[start : start + _CHUNK]
            described[start : start + _CHUNK] = _normalised(part, window) @ self.axes
        return described


def _discriminating(noise: Floats, whole: Floats) -> Floats:
    """Axes along which noise has variance 1 and the pictures the largest there is."""
    variances, vectors = np.linalg.eigh(noise)
    whitening = vectors / np.sqrt(variances)
    white = (whole - whole.mean(0)) @ whitening
    _, directions = np.linalg.eigh(white.T @ white)
    axes: Floats = (whitening @ directions[:, ::-1][:, :DIMENSIONS]).astype(np.float32)
    return axes


def _normalised(found: Floats, window: Window) -> Floats:
    """Frequencies of a window without the mean, of length 1 unless there is next to nothing."""
    seen = found @ _windowing(window)
    length = np.sqrt(np.einsum("ij,ij->i", seen, seen))[:, None]
    normal: Floats = seen / np.maximum(length, _FAINT)
    return normal


@cache
def _misplaced() -> tuple[Window, ...]:
    """A window of nine tenths, then those whose every end is half a step of WINDOWS from it."""
    spans = [Span(0.05 + low, 0.95 + high) for low, high in product((-_STEP, _STEP), repeat=2)]
    centre = Window(Span(0.05, 0.95), Span(0.05, 0.95))
    return (centre, *(Window(rows, columns) for rows, columns in product(spans, spans)))


@cache
def _cosines() -> Floats:
    """The first cosines of an axis, orthonormal (DCT-II)."""
    turns = np.pi * np.arange(KEPT)[:, None] * (np.arange(SIDE) + 0.5) / SIDE
    scale = np.where(np.arange(KEPT) == 0, 1, np.sqrt(2))[:, None] / SIDE
    cosines: Floats = (np.cos(turns) * scale).astype(np.float32)
    return cosines


@cache
def _windowing(window: Window) -> Floats:
    """From the frequencies of a picture to those of a window of it, without the mean."""
    rows, columns = (_axis_windowing(span) for span in window)
    whole: Floats = np.kron(rows, columns)[1:].T.astype(np.float32)
    return whole


def _axis_windowing(span: Span) -> NDArray[np.float64]:
    """[USED, KEPT]: each kept cosine, seen through a span of its axis, as cosines of the span."""
    samples = 512
    inside = (np.arange(samples) + 0.5) / samples
    places = span.start + inside * (span.end - span.start)
    wanted = np.cos(np.pi * np.arange(USED)[:, None] * inside)
    given = np.cos(np.pi * np.arange(KEPT)[:, None] * places)
    scale = np.where(np.arange(KEPT) == 0, 1, np.sqrt(2))
    own = np.where(np.arange(USED) == 0, 1, np.sqrt(2))[:, None]
    seen: NDArray[np.float64] = own * (wanted @ given.T) / samples * scale
    return seen
