"""The SCR database: masks of five organs, drawn on JSRT's films at half their size.

    scratch/{fold1,fold2}/masks/{heart,left clavicle,...}/JPCLN001.gif

Left and right are the patient's. Lungs and heart overlap, so that every organ is asked by itself.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.geometry import Size
from diascope.imaging.budget import check_pixels
from diascope.records import Turn
from diascope.sources import turns
from diascope.sources._masks import Pixels
from diascope.sources._resized import resized_regions
from diascope.sources.folder import Folder, Unreadable

_ORGANS = ("left lung", "right lung", "heart", "left clavicle", "right clavicle")
_MOST = 2
"""A drawing may cut an organ in two."""

Masks = Mapping[tuple[str, str], str]
"""The file by organ and name of the film."""


def organ_masks(folder: Folder) -> Masks:
    """Where the masks lie; empty where the copy has none."""
    files = map(Path, folder.names("scratch/fold*/masks/*/*.gif"))
    return {(file.parent.name, file.stem): file.as_posix() for file in files}


def organs(folder: Folder, masks: Masks, film: str, size: Size) -> Iterator[Turn]:
    """An outline of every organ that has a mask for this film, in pixels of an image of `size`.

    Unreadable where a mask is no GIF picture, too large, or of other proportions than the film.
    """
    for organ in _ORGANS:
        name = masks.get((organ, film))
        if name is not None:
            found = resized_regions(organ, _read_gif(folder.path(name), name), size, _MOST)
            yield turns.outline(f"the {organ}", (organ,), found, _MOST)


def _read_gif(path: Path, name: str) -> Pixels:
    """[height, width], set where the first frame is not black; the decoder of images has no GIF."""
    try:
        with Picture.open(path, formats=("GIF",)) as picture:
            check_pixels(*picture.size, name)
            return np.asarray(picture.convert("L")) > 0
    except InputError:
        raise
    except Exception as error:  # hostile bytes raise anything: SyntaxError, struct.error, ...
        raise Unreadable(f"{name!r} is no readable GIF picture ({type(error).__name__})") from None
