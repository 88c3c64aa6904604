"""A radiograph with every kind of identifying value planted in it; the people are invented.

The tests plant it, and scripts/deidentification_table gives the same file to other tools.
"""

from pathlib import Path

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmwrite

SECRETS = {
    "patient's name": ("DOEWORTH", "JANELLE"),
    "patient's id": ("MRN-7734921", "7734921"),
    "other patient id": ("SSN-078-05-1120",),
    "birth date": ("19481107",),
    "address": ("14 Larchmont Close",),
    "telephone": ("555-0142-778", "5550142778"),
    "accession number": ("ACC-2291-88",),
    "physicians": ("GREYSTOKE", "HALLOWAY", "PEMBERTON"),
    "institution": ("Saint Ludmila Infirmary",),
    "station and device": ("LUDMILA-DX3", "SN-90211-X"),
    "dates": ("20190614", "20190613"),
    "study description": ("CXR for Doeworth",),
    "comments": ("bus driver from Larchmont", "lives at the lighthouse"),
    "nested sequence": ("Nestoria", "REQ-55120"),
    "private element": ("Privatus",),
    "UIDs": ("1.2.826.0.1.3680043.8.498.111.1", "1.2.826.0.1.3680043.8.498.222.9"),
    "file meta": ("LUDMILA_PACS",),
    "preamble": ("Preamblus",),
    "overlay and curve": ("Overlaya", "Curvatus"),
    "code meaning": ("Meaninga",),
    "unknown attribute": ("Unknowna",),
    "coded string": ("CODEDA",),
}
"""Kind of secret to what may not be found of it, in any case of letters."""

PATIENT = "MRN-7734921"
_STUDY, _SERIES = "1.2.826.0.1.3680043.8.498.111.1", "1.2.826.0.1.3680043.8.498.111.2"
_PRIOR = "1.2.826.0.1.3680043.8.498.222.9"
_DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"


def planted(instance: int = 1, day: str = "20190614") -> Dataset:
    """One image of the patient, taken on a day; images of one day share a study."""
    dataset = Dataset()
    _say_who(dataset)
    _say_when_and_what(dataset, instance, day)
    _hide(dataset, day)
    _draw(dataset)
    return dataset


def write(dataset: Dataset, path: Path) -> Path:
    """Write it as a hospital's archive would, its own names in the meta information."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    meta.SourceApplicationEntityTitle = "LUDMILA_PACS"
    dataset.file_meta, dataset.preamble = meta, b"MZ Preamblus".ljust(128, b"\0")
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _say_who(dataset: Dataset) -> None:
    dataset.PatientName = "DOEWORTH^JANELLE"
    dataset.PatientID = PATIENT
    dataset.OtherPatientIDs = "SSN-078-05-1120"
    dataset.PatientBirthDate = "19481107"
    dataset.PatientSex = "F"
    dataset.PatientAge = "092Y"
    dataset.PatientAddress = "14 Larchmont Close"
    dataset.PatientTelephoneNumbers = "555-0142-778"
    dataset.PatientComments = "bus driver from Larchmont"
    dataset.ReferringPhysicianName = "GREYSTOKE^A"
    dataset.PerformingPhysicianName = "HALLOWAY^B"
    dataset.OperatorsName = "PEMBERTON^C"
    dataset.InstitutionName = "Saint Ludmila Infirmary"
    dataset.StationName = "LUDMILA-DX3"
    dataset.DeviceSerialNumber = "SN-90211-X"
    dataset.Manufacturer = "SIEMENS"


def _say_when_and_what(dataset: Dataset, instance: int, day: str) -> None:
    is_first = day == "20190614"
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = day
    dataset.AcquisitionDateTime = f"{day}101500.000000+0200"
    dataset.StudyTime = "101500"
    dataset.StudyInstanceUID = _STUDY if is_first else f"{_STUDY}.{day}"
    dataset.SeriesInstanceUID = _SERIES if is_first else f"{_SERIES}.{day}"
    dataset.SOPInstanceUID = f"{_STUDY}.{day}.{instance}"
    dataset.SOPClassUID = _DIGITAL_XRAY
    dataset.AccessionNumber = "ACC-2291-88"
    dataset.StudyDescription = "CXR for Doeworth"
    dataset.SeriesDescription = "PA CHEST Doeworth"
    dataset.ImageComments = "lives at the lighthouse"
    dataset.Modality, dataset.BodyPartExamined = "DX", "CHEST"
    dataset.ViewPosition, dataset.ImageType = "PA", ["ORIGINAL", "PRIMARY", "CODEDA"]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.BurnedInAnnotation = "NO"


def _hide(dataset: Dataset, day: str) -> None:
    """Where tools forget to look."""
    requested, prior, code = Dataset(), Dataset(), Dataset()
    requested.RequestedProcedureID = "REQ-55120"
    requested.RequestedProcedureDescription = "for Nestoria"
    prior.ReferencedSOPClassUID, prior.ReferencedSOPInstanceUID = _DIGITAL_XRAY, _PRIOR
    code.CodeValue, code.CodingSchemeDesignator = "T-D3000", "99LUDMILA"
    code.CodeMeaning = "chest of Meaninga"
    dataset.RequestAttributesSequence = [requested]
    dataset.ReferencedImageSequence = [prior]
    dataset.AnatomicRegionSequence = [code]
    dataset.DateOfLastCalibration = "20190613" if day == "20190614" else day
    block = dataset.private_block(0x0011, "LUDMILA PRIVATE", create=True)
    block.add_new(0x01, "LO", "Privatus DOEWORTH")
    inner = Dataset()
    inner.PatientName = "Privatus^Again"
    block.add_new(0x02, "SQ", [inner])
    dataset.add_new(0x60004000, "LT", "Overlaya")
    dataset.add_new(0x50000010, "US", 2)
    dataset.add_new(0x50002600, "LO", "Curvatus")
    dataset.add_new(0x00185F5E, "LO", "Unknowna")


def _draw(dataset: Dataset) -> None:
    dataset.Rows, dataset.Columns = 24, 32
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelSpacing = ["0.143", "0.143"]
    dataset.KVP = "120"
    pixels = np.random.default_rng(0).integers(0, 4096, (24, 32), np.uint16)
    dataset.PixelData = pixels.tobytes()
