"""DICOM files written for a test: samples, attributes, and a patient who must never be repeated."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

PATIENT = "DOE^JANE"
Writer = Callable[..., Path]


def dataset_of(samples: NDArray[np.generic], **attributes: object) -> Dataset:
    """A dataset of [rows, columns] or [rows, columns, 3]; attributes go before what is derived."""
    made, bits = Dataset(), samples.dtype.itemsize * 8
    made.PatientName, made.PatientID, made.Modality = PATIENT, PATIENT, "DX"
    made.Rows, made.Columns = samples.shape[:2]
    made.SamplesPerPixel = 3 if samples.ndim == 3 else 1
    made.PhotometricInterpretation = "RGB" if samples.ndim == 3 else "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit = attributes.get("BitsStored", bits) - 1
    made.PixelRepresentation = int(samples.dtype.kind == "i")
    if samples.ndim == 3:
        made.PlanarConfiguration = 0
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture
def dicom(tmp_path: Path) -> Writer:
    """Writes a file of samples and attributes; compressed where `codes` are given, one a frame.

    Every file has a name of its own, so that two of one test can be compared.
    """
    numbers = count()

    def write(
        samples: NDArray[np.generic],
        *,
        syntax: str = ExplicitVRLittleEndian,
        codes: list[bytes] | None = None,
        name: str = "",
        **attributes: object,
    ) -> Path:
        made = dataset_of(samples, **attributes)
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = syntax
        made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SecondaryCaptureImageStorage
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3"
        if "PixelData" not in made:
            content = encapsulate(codes) if codes else samples.tobytes()
            made.PixelData = content + b"\0" * (len(content) % 2)
        made["PixelData"].VR = "OW" if made.BitsAllocated > 8 and not codes else "OB"
        path = tmp_path / (name or f"{next(numbers)}.dcm")
        made.save_as(path, enforce_file_format=True)
        return path

    return write
