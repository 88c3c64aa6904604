"""diascope deidentify, as somebody types it."""

from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid


def written(path: Path) -> None:
    file = Dataset()
    file.SOPClassUID = ComputedRadiographyImageStorage
    file.SOPInstanceUID, file.StudyInstanceUID, file.SeriesInstanceUID = (
        generate_uid() for _ in range(3)
    )
    file.PatientID, file.PatientName, file.Modality = "MRN-4711", "Doe^Jane", "CR"
    file.Rows = file.Columns = 4
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 8
    file.HighBit, file.PixelRepresentation = 7, 0
    file.PixelData = bytes(range(16))
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save_as(path, enforce_file_format=True)


def test_names_are_gone_and_the_key_is_made(run, tmp_path: Path) -> None:
    written(tmp_path / "raw" / "doe" / "a.dcm")
    code, out, _ = run("deidentify", tmp_path / "raw", tmp_path / "out", "--key", tmp_path / "key")
    assert code == 0
    assert "leaks" in out
    (file,) = (tmp_path / "out" / "dicom").rglob("*.dcm")
    data = file.read_bytes()
    assert b"Doe" not in data and b"MRN-4711" not in data
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("root", ["nowhere", "raw"])
def test_a_folder_without_dicom_is_bad_input(run, tmp_path: Path, root: str) -> None:
    (tmp_path / "raw").mkdir()
    code, _, told = run("deidentify", tmp_path / root, tmp_path / "out", "--key", tmp_path / "key")
    assert code == 2
    assert "Traceback" not in told
