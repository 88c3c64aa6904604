"""DICOM files: recognised by content, read whatever they hold, written to the letter of PS3.10."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from diascope import __version__
from diascope.curation._deidentify.values import is_standard

if TYPE_CHECKING:
    from pydicom import Dataset, FileDataset

_MAGIC = b"DICM"
_PREAMBLE = 128
_FIRST_GROUPS = (0x0002, 0x0008)
_DIRECTORY = "1.2.840.10008.1.3.10"
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# below 2.25: of this package, made once from random bits
_IMPLEMENTATION = "2.25.267180984392488135420117920880742192470"


class Unfit(Exception):
    """A file that must not pass; the message is the reason and holds nothing of the file."""


def is_dicom(path: Path) -> bool:
    """Whether the content is DICOM, with its preamble or without (PS3.10 7.1)."""
    with path.open("rb") as file:
        start = file.read(_PREAMBLE + len(_MAGIC))
    if start[_PREAMBLE:] == _MAGIC:
        return True
    group = int.from_bytes(start[:2], "little")
    length = int.from_bytes(start[4:8], "little")
    is_explicit = start[4:6].isalpha() and start[4:6].isupper()
    return group in _FIRST_GROUPS and len(start) >= 8 and (is_explicit or length < 1 << 16)


@contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's warnings and logging: they quote values."""
    logger = logging.getLogger("pydicom")
    logger.addFilter(_nothing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeFilter(_nothing)


def read(path: Path, only: Sequence[str] = ()) -> "FileDataset":
    """The dataset of a file, or a few attributes of it; Unfit where it cannot be read."""
    from pydicom import dcmread
    from pydicom.uid import ImplicitVRLittleEndian

    try:
        dataset = dcmread(path, force=True, specific_tags=list(only) or None)
        if "TransferSyntaxUID" not in dataset.file_meta and dataset.is_implicit_VR:
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    except Exception:  # hostile bytes raise anything
        raise Unfit("cannot be read as DICOM; export it again") from None
    return dataset


def check_image(dataset: "FileDataset") -> None:
    """Unfit unless it is an image of a standard class, with a UID, a patient and whole pixels."""
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) == _DIRECTORY:
        raise Unfit("a DICOMDIR, which lists patients; it is never copied")
    if not is_standard(syntax) or not is_standard(str(dataset.get("SOPClassUID", ""))):
        raise Unfit("its transfer syntax or its class is missing or not the standard's")
    if not any(name in dataset for name in PIXELS):
        raise Unfit("holds no image; documents, reports and plans are free text and need a person")
    for name in ("SOPInstanceUID", "PatientID"):
        if name not in dataset or dataset[name].VM != 1 or not str(dataset[name].value).strip():
            raise Unfit(f"has no {name}, or several, so it cannot be told what or whose it is")
    if str(dataset.get("RecognizableVisualFeatures", "")).strip().upper() == "YES":
        raise Unfit("says itself that somebody can be recognised in it")
    _check_length(dataset)


def write(dataset: "Dataset", source: "FileDataset", path: Path) -> None:
    """Write a rewritten dataset with new file meta information and a preamble of zeros.

    A preamble may hold a program, and the old meta information names machines (PS3.10 7.1).
    """
    from pydicom import FileMetaDataset, dcmwrite
    from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    syntax = source.file_meta.TransferSyntaxUID
    # what is deflated cannot be searched for leaks
    is_deflated = syntax == DeflatedExplicitVRLittleEndian
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if is_deflated else syntax
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = f"DIASCOPE {__version__}"[:16]
    dataset.file_meta, dataset.preamble = meta, bytes(_PREAMBLE)
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)


def _check_length(dataset: "FileDataset") -> None:
    """Bytes behind the last native pixel show on no screen and can say anything."""
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated or "PixelData" not in dataset:
        return
    from pydicom.pixels.utils import get_expected_length

    try:
        expected = get_expected_length(dataset)
    except Exception:  # hostile bytes raise anything
        raise Unfit("its rows, columns or depth are missing or make no sense") from None
    if not 0 <= len(dataset.PixelData) - expected <= 1:
        raise Unfit("its pixels are more or fewer than its rows, columns and frames")


def _nothing(_: logging.LogRecord) -> bool:
    return False
