"""Mask pictures of data sets: read, checked against their image, and turned into regions."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from diascope.answers import Mask
from diascope.errors import InputError
from diascope.geometry import Size
from diascope.imaging.decode import read_grey
from diascope.imaging.outlines import outlines
from diascope.sources.folder import Folder, Unreadable

Pixels = NDArray[np.bool_]


def read_mask(folder: Folder, name: str, size: Size) -> Pixels:
    """[height, width], set where the picture is not black; Unreadable where it is of another size.

    Black and white need not be 0 and 255: some sets write 0 and 1.
    """
    try:
        mask: Pixels = read_grey(folder.path(name)) > 0
    except InputError as error:
        raise Unreadable(str(error).replace(f"{folder.root}/", "")) from None
    if mask.shape != (size.height, size.width):
        found = f"{mask.shape[1]} x {mask.shape[0]}"
        raise Unreadable(f"{name!r} is {found}, its image {size.width} x {size.height}")
    return mask


def read_numbers(path: Path) -> NDArray[Any]:
    """[height, width]: the numbers in a picture, not the grey or colour that they show.

    For a picture whose size was checked. Unreadable where it is damaged or has colours.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damage is an error, not a warning
            with Picture.open(path, formats=("PNG", "TIFF")) as picture:
                values = np.asarray(picture)
    except Exception as error:  # hostile bytes raise anything
        raise Unreadable(
            f"{path.name} is no picture of numbers, or damaged ({type(error).__name__})"
        ) from None
    if values.ndim != 2 or values.dtype.kind not in "ui":
        raise Unreadable(f"{path.name} has colours in place of numbers")
    return values


def regions(label: str, mask: Pixels, limit: int) -> tuple[Mask, ...]:
    """The `limit` largest regions, largest first: what is beyond them in a drawn mask are specks.

    In pixels of the mask. The outline is sought only where the mask is set, as that is quicker.
    """
    if not mask.any():
        return ()
    down, across = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, left = int(down[0]), int(across[0])
    found = outlines(mask[top : down[-1] + 1, left : across[-1] + 1])[:limit]
    return tuple(
        Mask(label=label, polygon=tuple((x + left, y + top) for x, y in outline))
        for outline in found
    )
