"""Masks that are a smaller copy of their image: their regions in the image's own pixels."""

from diascope.answers import Mask
from diascope.geometry import Size
from diascope.sources._masks import Pixels, regions
from diascope.sources.folder import Unreadable


def resized_regions(label: str, mask: Pixels, size: Size, limit: int) -> tuple[Mask, ...]:
    """The `limit` largest regions of a [height, width] mask, largest first, in an image of `size`.

    Unreadable where the mask has other proportions than the image, by more than a pixel of the
    mask: it is then drawn on another picture, or on a part of this one.
    """
    height, width = mask.shape
    if abs(width * size.height - height * size.width) > max(size.width, size.height):
        sizes = f"{width} x {height} and {size.width} x {size.height}"
        raise Unreadable(f"a mask and its image differ in proportions: {sizes}")
    across, down = size.width / width, size.height / height
    return tuple(
        Mask(label=label, polygon=tuple((x * across, y * down) for x, y in found.polygon))
        for found in regions(label, mask, limit)
    )
