"""What a picture may cost: checked from its header, before anything is decoded."""

from diascope.imaging.errors import ImageError

MAX_PIXELS = 100_000_000
"""Pixels of one frame, as stored and as read."""
MAX_BYTES = 400_000_000
"""Bytes of one decoded frame: the most pixels at 32 bits."""
MAX_FRAMES = 100_000
"""Frames of one file; only the one that is asked for is ever decoded."""


def check_pixels(width: int, height: int, name: str) -> None:
    """ImageError where a picture of this size is not read."""
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name}: {width} x {height} pixels are more than the {MAX_PIXELS} that are read; "
            "store a smaller copy"
        )


def check_bytes(count: int, name: str) -> None:
    """ImageError where one decoded frame would take this many bytes."""
    if count > MAX_BYTES:
        raise ImageError(
            f"{name}: a frame of {count} bytes is more than the {MAX_BYTES} that are read; "
            "store a smaller copy"
        )


def check_frames(count: int, name: str, most: int = MAX_FRAMES) -> None:
    """ImageError where a file claims to hold this many frames."""
    if count > most:
        raise ImageError(
            f"{name}: it claims {count} frames, more than the {most} that are read; "
            "split it into several files"
        )
