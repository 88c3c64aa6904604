"""Masks as run lengths, in the three spellings of Kaggle and COCO.

Every spelling counts pixels down the columns: pixel number = column * height + row. The numbers
come out of somebody's file, so nothing but the mask is allocated, and the image gives its size.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from diascope.geometry import Size
from diascope.sources.folder import Unreadable

Pixels = NDArray[np.bool_]
Run = tuple[int, int]
"""The number of its first pixel, from 0, and how many there are."""
_MOST_BITS = 60
"""Of a number in COCO's string; no image has more pixels."""


def kaggle_mask(text: str, size: Size) -> Pixels:
    """[height, width] from pairs of a run's first pixel, the image's first being 1, and its length.

    Empty text is a mask of nothing. Unreadable for anything but pairs of whole numbers, or a run
    that leaves the image.
    """
    return _painted(((start - 1, length) for start, length in _pairs(text)), size)


def skipping_mask(text: str, size: Size) -> Pixels:
    """The same where a run's first number is the pixels between the run before and it (SIIM-ACR).

    Before the first run that is the number of unset pixels. Unreadable as for `kaggle_mask`.
    """
    return _painted(_after_skips(_pairs(text)), size)


def coco_mask(counts: str | Sequence[int], size: Size) -> Pixels:
    """[height, width] from COCO's counts: unset pixels, set, unset, ... until the image is full.

    A list has the counts themselves, a string COCO's compressed form of them (cocoapi
    common/maskApi.c, rleFrString). Unreadable where they do not fill the image exactly.
    """
    numbers = _decompressed(counts) if isinstance(counts, str) else counts
    pairs = zip_longest(numbers[::2], numbers[1::2], fillvalue=0)
    mask = _painted(_after_skips(pairs), size)
    if sum(numbers) != mask.size:
        raise Unreadable(f"run lengths do not fill an image of {size.width} x {size.height}")
    return mask


def _pairs(text: str) -> Iterator[Run]:
    try:
        numbers = [int(word) for word in text.split()]
    except ValueError:
        raise Unreadable("run lengths are no whole numbers") from None
    if len(numbers) % 2:
        raise Unreadable("run lengths are no pairs: the last run has a start and no length")
    yield from zip(numbers[::2], numbers[1::2], strict=True)


def _after_skips(pairs: Iterable[Run]) -> Iterator[Run]:
    end = 0
    for skipped, length in pairs:
        if skipped < 0:
            raise Unreadable("a run of its mask begins before the run before it has ended")
        yield end + skipped, length
        end += skipped + length


def _painted(runs: Iterable[Run], size: Size) -> Pixels:
    """The mask with these runs set; they may touch and overlap."""
    flat = np.zeros(size.width * size.height, dtype=np.bool_)
    for start, length in runs:
        if start < 0 or length < 0 or start + length > flat.size:
            raise Unreadable(
                f"a run of its mask leaves the image of {size.width} x {size.height} pixels"
            )
        flat[start : start + length] = True
    return flat.reshape(size.width, size.height).T


def _decompressed(text: str) -> list[int]:
    """Groups of five bits, lowest first, in characters from '0' on; a sixth bit says: more follow.

    From the fourth number on it is the difference from the number two places before.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - ord("0")
        if not 0 <= code < 64 or shift > _MOST_BITS:
            raise Unreadable("run lengths are no compressed COCO counts")
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            signed = value - (1 << shift) if code & 16 else value
            counts.append(signed + counts[-2] if len(counts) > 2 else signed)
            value = shift = 0
    if shift:
        raise Unreadable("run lengths end in the middle of a number")
    return counts
