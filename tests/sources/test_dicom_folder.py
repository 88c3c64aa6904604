"""DICOM files in any folders: one record an instance, and nothing of the patient in a message."""

import os
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from diascope.curation.prepare import prepare
from diascope.errors import InputError
from diascope.sources import source
from diascope.sources.source import Problem

NAME = "Doe^Jane"


def written(path, fill=7, **elements):
    """An 8-bit picture of 6 by 4 pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = "2.25.1", "2.25.2"
    dataset.Modality, dataset.PatientID, dataset.PatientName = "CT", "007", NAME
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns, dataset.PixelRepresentation = 4, 6, 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = np.full((4, 6), fill, np.uint8).tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def items(root):
    return list(source("dicom_folder").read(root))


def record_of(root):
    (record,) = items(root)
    return record


def answers(record):
    return {
        turn.question: getattr(turn.answer, "option", getattr(turn.answer, "value", None))
        for turn in record.turns
    }


@pytest.mark.parametrize("name", ["a.dcm", "A", "deep/er/1.2.3", "picture.png"])
def test_a_file_is_known_by_its_content(tmp_path, name):
    written(tmp_path / name)
    (tmp_path / "b.dcm").write_text("no DICOM")
    assert record_of(tmp_path).images[0].path == name


@pytest.mark.parametrize(
    ("told", "view", "asked"),
    [("PA", "PA", "PA"), ("RL", "LATERAL", "LATERAL"), ("RLO", "RLO", None), ("", None, None)],
)
def test_a_view_is_asked_where_it_is_one_of_three(tmp_path, told, view, asked):
    written(tmp_path / "a", ViewPosition=told)
    record = record_of(tmp_path)
    assert record.images[0].view == view
    assert answers(record).get("Which view is it?") == asked


@pytest.mark.parametrize(("age", "years"), [("058Y", 58), ("030M", 2), ("", None), ("999Y", None)])
def test_an_age_is_asked_in_years_where_somebody_reaches_it(tmp_path, age, years):
    written(tmp_path / "a", PatientAge=age)
    assert answers(record_of(tmp_path)).get("How old is the patient?") == years


def test_an_empty_patient_is_the_study(tmp_path):
    written(tmp_path / "a", PatientID="", SOPInstanceUID="2.25.3")
    written(tmp_path / "b", PatientID="", SOPInstanceUID="2.25.4", StudyInstanceUID="2.25.5")
    assert [record.patient for record in items(tmp_path)] == ["2.25.2", "2.25.5"]


def test_files_that_name_no_instance_are_instances_of_their_own(tmp_path):
    written(tmp_path / "a", SOPInstanceUID="")
    written(tmp_path / "b", SOPInstanceUID="")
    assert [record.id for record in items(tmp_path)] == ["a", "b"]


def test_a_copy_is_passed_over_and_another_picture_of_the_same_name_is_not(tmp_path):
    for name, fill in (("a", 7), ("b", 7), ("c", 9)):
        os.utime(written(tmp_path / name, fill), (0, 0))
    record, problem = items(tmp_path)
    assert record.images[0].path == "a"
    assert (problem.file, problem.reason[-3:]) == ("c", ": a")


def test_a_file_that_is_cut_short_gives_way_wherever_it_lies(tmp_path):
    whole = written(tmp_path / "b").read_bytes()
    (tmp_path / "a").write_bytes(whole[:-10])
    record, problem = items(tmp_path)
    assert (record.images[0].path, problem.file) == ("b", "a")


def test_what_has_no_picture_is_passed_over(tmp_path):
    written(tmp_path / "a")
    path = written(tmp_path / "b", SOPInstanceUID="2.25.3")
    dataset = dcmread(path)
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(dataset, keyword)
    dataset.save_as(path)
    assert record_of(tmp_path).images[0].path == "a"


@pytest.mark.filterwarnings("ignore:Invalid value for VR AS")
@pytest.mark.parametrize(
    ("elements", "why"),
    [
        ({"PatientAge": "born"}, "the age is neither"),
        ({"Modality": "OT"}, "nothing that could be asked"),
        ({"BitsAllocated": 7}, "are no layout"),
        ({"PhotometricInterpretation": "GREEN"}, "PhotometricInterpretation"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_file_without_the_patient(tmp_path, elements, why):
    written(tmp_path / "a", **elements)
    (item,) = items(tmp_path)
    assert isinstance(item, Problem)
    assert item.file == "a"
    assert why in item.reason
    assert NAME not in item.reason
    assert str(tmp_path) not in item.reason


def test_the_first_of_several_frames_is_shown(tmp_path):
    frames = np.zeros((2, 4, 6), np.uint8).tobytes()
    written(tmp_path / "a", NumberOfFrames=2, PixelData=frames)
    assert record_of(tmp_path).images[0].frame_index == 0


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(InputError, match="no DICOM file with a picture"):
        items(tmp_path)


@pytest.mark.real_data
@pytest.mark.skipif("DIASCOPE_DATA" not in os.environ, reason="DIASCOPE_DATA is not set")
def test_real_files_are_read(tmp_path):
    root = Path(os.environ["DIASCOPE_DATA"]) / "dicom_samples"
    made = prepare("dicom_folder", root, tmp_path / "out")
    assert made.audit.records == len(list(root.glob("*.dcm")))


def test_an_identifier_of_no_known_kind_is_a_problem(tmp_path):
    """pydicom converts an element that has no value whatever it is asked for, and raises."""
    path = written(tmp_path / "a.dcm", SOPClassUID=SecondaryCaptureImageStorage)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\x08\0\x18\0UI\x06\0", b"\x08\0\x18\0U\0\0\0\0\x80"))
    written(tmp_path / "b.dcm", SOPInstanceUID="2.25.9")
    (told,) = [item for item in items(tmp_path) if isinstance(item, Problem)]
    assert told.file == "a.dcm"
    assert "damaged" in told.reason
