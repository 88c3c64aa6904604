"""The scan finds what identifies, in strings and bytes, and does not cry at what does not."""

import pytest
from pydicom import Dataset, FileMetaDataset

from diascope.curation._deidentify.dates import Shift
from diascope.curation._deidentify.options import Options
from diascope.curation._deidentify.profile import Profile
from diascope.curation._deidentify.scan import needles

SHIFT = Shift(100)


def original(**attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def leaks(one: Dataset, other: Dataset, content: bytes = b"", **options: object) -> list[str]:
    return needles(one, Profile(Options(**options)), SHIFT).leaks(other, content)


@pytest.mark.parametrize(
    ("attributes", "left"),
    [
        ({"PatientName": "Doe^Jane"}, "for doe"),
        ({"PatientName": "Doe^Jane"}, "Jane_1"),
        ({"PatientName": "Doe^Jane"}, "xDOEJANEx"),
        ({"PatientName": "Worthington^A"}, "aworthingtonb"),
        ({"PatientName": "Yamada^Tarou=山田^太郎"}, "山田"),
        ({"PatientName": "Müller^Jörg"}, "MÜLLER"),
        ({"PatientID": "AB1"}, "id ab1"),
        ({"PatientID": "4711"}, "x 4711"),
        ({"AccessionNumber": "A-99281-X"}, "zA-99281-Xz"),
        ({"StudyInstanceUID": "1.2.3.4.5"}, "see 1.2.3.4.5 "),
        ({"StudyDate": "20190614"}, "on 2019-06-14"),
        ({"AcquisitionDateTime": "20190614101500"}, "20190614"),
        ({"PatientTelephoneNumbers": "(555) 0142-778"}, "5550142778"),
        ({"PatientAddress": "14 Larchmont Close\nNowhere"}, "14 larchmont close"),
        ({"OperatorsName": "Greystoke"}, "GREYSTOKE"),
        ({"InstitutionName": "St Ludmila"}, "st ludmila"),
    ],
)
def test_what_identifies_is_found_wherever_it_is(attributes, left: str) -> None:
    one = original(**attributes)
    assert leaks(one, original(CodeMeaning=left)) != []
    inner = Dataset()
    inner.CodeMeaning = left
    assert leaks(one, original(AnatomicRegionSequence=[inner])) != []
    assert leaks(one, original()) == []


@pytest.mark.parametrize(
    ("attributes", "left"),
    [
        ({"PatientName": "Doe^Mary"}, "PRIMARY"),
        ({"PatientID": "4711"}, "14711"),
        ({"StudyInstanceUID": "1.2.3.4.5"}, "1.2.3.4.55"),
        ({"StudyDescription": "CHEST PA"}, "CHEST PA"),
        ({"PatientName": "A^B"}, "A B"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "1.2.840.10008.5.1.4.1.1.2"),
    ],
)
def test_what_does_not_identify_is_not_found(attributes, left: str) -> None:
    assert leaks(original(**attributes), original(CodeMeaning=left)) == []


def test_short_numbers_are_not_looked_for_among_numbers() -> None:
    one = original(PatientID="120")
    assert leaks(one, original(KVP="120")) == []
    assert leaks(one, original(CodeMeaning="120")) != []
    assert leaks(original(PatientID="1203344"), original(KVP="1203344")) != []
    assert needles(original(PatientID="7"), Profile(Options()), SHIFT).num_too_short == 1


def test_the_file_meta_information_and_the_bytes_are_searched() -> None:
    one = original(StudyInstanceUID="1.2.3.4.5", PatientName="Worthington^A", PatientID="A-99281")
    other = original()
    other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    assert leaks(one, other) == ["UID in 00020003"]
    assert leaks(one, original(), b"..worthington..") == ["name in the bytes of the file"]
    other = original(PixelData=b"--WORTHINGTON---")
    assert leaks(one, other, b"head" + other.PixelData) == ["name in the bytes of the pixels"]
    other = original(PixelData=b"--A-99281---")  # seven bytes can be chance among pixels
    assert leaks(one, other, b"head" + other.PixelData) == []


def test_what_the_options_keep_is_no_leak() -> None:
    one = original(
        StudyInstanceUID="1.2.3.4.5", StudyDate="20190614", DeviceSerialNumber="SN-90211"
    )
    assert len(leaks(one, one)) == 3
    assert leaks(one, one, uids=True, dates="full", device_identity=True) == []


def test_a_date_onto_which_another_is_moved_is_no_leak() -> None:
    one = original(StudyDate="20190614", ContentDate="20190306")
    assert SHIFT.date("20190614") == "20190306"
    assert leaks(one, original(StudyDate="20190306")) == []
    assert leaks(one, original(StudyDate="20190614")) != []
