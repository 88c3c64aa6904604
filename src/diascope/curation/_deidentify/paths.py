"""Paths that stand in for those of raw files while records are de-identified.

    raw/DOE^JANE/IM0001   ->   raw/DOE^JANE/IM0001/deidentified.dcm

The raw path is needed until the image is read, and may name a patient. Nothing can lie at a path
below a file, so what would link to an image in place of reading it finds nothing; the suffix is one
that names nobody; and whoever tells of an image can see that its path must not be told.
"""

from pathlib import PurePosixPath

_NAME = "deidentified"
_SUFFIXES = {".jpeg": ".jpg", ".jpg": ".jpg", ".png": ".png"}


def stand_in(path: str, is_dicom: bool) -> str:
    """The path that stands for a raw one."""
    suffix = ".dcm" if is_dicom else _SUFFIXES.get(PurePosixPath(path).suffix.lower(), "")
    return f"{path}/{_NAME}{suffix}"


def is_stand_in(path: str) -> bool:
    """Whether a path stands for another one."""
    return PurePosixPath(path).stem == _NAME


def original(path: str) -> str:
    """The raw path that a path stands for."""
    return PurePosixPath(path).parent.as_posix()


def told(path: str) -> str:
    """What an image is called in a message."""
    return "its image" if is_stand_in(path) else path
