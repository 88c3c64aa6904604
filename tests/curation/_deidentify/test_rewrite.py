"""Whatever is planted wherever, none of it is in the bytes that are written."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset, FileMetaDataset, dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

from diascope.curation._deidentify import files
from diascope.curation._deidentify.options import Options, PrivateAttribute
from diascope.curation._deidentify.profile import kept, table
from diascope.curation._deidentify.pseudonyms import Key
from diascope.curation._deidentify.rewrite import Rewriter

KEY = Key(b"k" * 32)
TOKEN, DATE = "ZQXVENKA", "19481107"
FOREIGN_UID = "1.2.826.0.1.3680043.8.498.77123"
ESSENTIALS = (
    "SOPClassUID", "SOPInstanceUID", "PatientID", "Rows", "Columns", "SamplesPerPixel",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation",
    "PixelData", "NumberOfFrames", "SpecificCharacterSet", "PlanarConfiguration", "FloatPixelData",
    "DoubleFloatPixelData",
)  # fmt: skip
TEXT = ["LO", "SH", "ST", "LT", "UT", "UC", "UR", "AE", "CS", "PN"]
PLANTABLE = {*TEXT, "DA", "DT", "UI", "UN", "OB"}
ESSENTIAL = set(map(tag_for_keyword, ESSENTIALS))
# lookup tables are numbers in bytes; that they hold no text is the leak scan's to find
BULK = {tag for tag in kept() if dictionary_VR(tag) in ("OB", "OW", "OF", "OD", "US or OW")}
PUBLIC = sorted(tag for tag in {*table(), *kept()} - ESSENTIAL - BULK if tag >> 16 >= 8)


def image() -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.PatientID = f"{TOKEN}-1"
    dataset.Rows = dataset.Columns = 2
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = b"\1\2\3\4"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    return dataset


def vr_of(tag: int) -> str:
    # the table has attributes that are younger than the dictionary
    return dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else "LO"


def secret(vr: str, near: str) -> object:
    """A value of the representation that holds a secret."""
    values = {"DA": DATE, "DT": f"{DATE}101500", "UI": FOREIGN_UID, "CS": TOKEN}
    text = f"{near}{TOKEN}"[:16] if vr in ("SH", "AE") else f"{near} {TOKEN} {near}"
    return {**values, "UN": TOKEN.encode(), "OB": TOKEN.encode()}.get(vr, text)


@st.composite
def datasets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    """Public attributes, unknown and private ones, in sequences too, each with a secret."""
    dataset = Dataset()
    for tag in draw(st.lists(st.sampled_from(PUBLIC), max_size=8, unique=True)):
        vr = vr_of(tag)
        if vr == "SQ" and depth:
            dataset.add_new(tag, "SQ", draw(st.lists(datasets(depth=depth - 1), max_size=2)))
        elif vr in PLANTABLE:
            near = draw(st.sampled_from(["", "CHEST ", "PA-", "1", "doe^"]))
            dataset.add_new(tag, vr, secret(vr, near))
    unknown = st.integers(0x0009, 0x7FDF).flatmap(
        lambda group: st.integers(0x1000, 0x10FF).map(lambda element: group << 16 | element)
    )
    for tag in draw(st.lists(unknown, max_size=4, unique=True)):
        vr = draw(st.sampled_from(sorted(PLANTABLE)))
        # of a tag that it knows, pydicom reads bytes of no VR by the VR that it knows
        is_read = vr == "UN" and dictionary_has_tag(tag)
        if not is_read and tag not in {*kept(), *table()}:
            dataset.add_new(tag, vr, secret(vr, ""))
    if draw(st.booleans()):
        code = {"CodeValue": TOKEN, "CodingSchemeDesignator": "SCT", "CodeMeaning": TOKEN}
        for keyword, value in code.items():
            dataset.add_new(tag_for_keyword(keyword), "LO", value)
    return dataset


def written(dataset: Dataset, options: Options, key: Key = KEY) -> bytes:
    clean, _ = Rewriter(key, options).rewrite(dataset, str(dataset.PatientID))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dcm"
        files.write(clean, dataset, path)
        dcmread(path).walk(lambda within, element: element.value)
        return path.read_bytes()


SAFE = PrivateAttribute(creator="ANYBODY", group=0x0019, element=0x0C)


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(
    datasets(),
    st.sampled_from(
        [
            Options(),
            Options(times="shifted"),
            Options(dates="removed"),
            Options(descriptors=True, safe_private=(SAFE,)),
        ]
    ),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_secret_is_in_the_bytes(planted: Dataset, options: Options) -> None:
    with files.quiet():
        dataset = image()
        dataset.update(planted)
        content = written(dataset, options)
    for text in (TOKEN, DATE, FOREIGN_UID):
        assert text.lower().encode() not in content.lower()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("options", [Options(), Options(descriptors=True)])
def test_no_attribute_that_can_hold_a_secret_keeps_it(options: Options) -> None:
    """Every one that the tables name, at the top and in a sequence."""
    item, dataset = Dataset(), image()
    for tag in PUBLIC:
        if (vr := vr_of(tag)) in PLANTABLE:
            item.add_new(tag, vr, secret(vr, "CHEST "))
    assert len(item) > 600
    dataset.update(item)
    dataset.SharedFunctionalGroupsSequence = [item]
    content = written(dataset, options)
    for text in (TOKEN, DATE, FOREIGN_UID):
        assert text.encode() not in content


def rewritten(dataset: Dataset, **options: object) -> Dataset:
    return Rewriter(KEY, Options(**options)).rewrite(dataset, "p").dataset


def test_known_codes_get_the_meaning_of_the_dictionary() -> None:
    known, former, unknown = Dataset(), Dataset(), Dataset()
    known.CodeValue, known.CodingSchemeDesignator = "51185008", "SCT"
    former.CodeValue, former.CodingSchemeDesignator = "R-10206", "SRT"
    unknown.CodeValue, unknown.CodingSchemeDesignator = "1234", "99HERE"
    for code in (known, former, unknown):
        code.CodeMeaning = "of Jane Doe"
    dataset = image()
    dataset.AnatomicRegionSequence = [known, former, unknown]
    meanings = [code.CodeMeaning for code in rewritten(dataset).AnatomicRegionSequence]
    assert meanings == [
        "Thoracic structure (body structure)",
        "Antero-posterior projection (qualifier value)",
    ]


def test_frames_keep_their_place_when_an_item_is_left_empty() -> None:
    dataset, empty, full = image(), Dataset(), Dataset()
    empty.FrameComments = "Jane"
    full.add_new(0x00189073, "FD", 1.5)
    dataset.PerFrameFunctionalGroupsSequence = [empty, full, empty]
    items = rewritten(dataset).PerFrameFunctionalGroupsSequence
    assert [len(item) for item in items] == [0, 1, 0]


def test_uids_of_the_standard_stay_and_made_up_ones_below_its_root_do_not() -> None:
    dataset = image()
    dataset.FrameOfReferenceUID = "1.2.840.10008.1.4.1.1"
    dataset.SynchronizationFrameOfReferenceUID = "1.2.840.10008.19481107"
    clean = rewritten(dataset)
    assert clean.FrameOfReferenceUID == "1.2.840.10008.1.4.1.1"
    assert clean.SynchronizationFrameOfReferenceUID.startswith("2.25.")


def test_safe_private_numbers_are_kept_with_their_creator_alone() -> None:
    dataset = image()
    block = dataset.private_block(0x0019, "ANYBODY", create=True)
    block.add_new(0x0C, "IS", "1000")
    block.add_new(0x0D, "IS", "2000")
    other = dataset.private_block(0x0019, "SOMEBODY", create=True)
    other.add_new(0x0C, "IS", "3000")
    clean = rewritten(dataset, safe_private=(SAFE,))
    private = {str(element.value) for element in clean if element.tag.is_private}
    assert private == {"ANYBODY", "1000"}
    block.add_new(0x0C, "LO", "Jane")
    assert "Jane" not in str(rewritten(dataset, safe_private=(SAFE,)))
    assert not [element for element in rewritten(dataset) if element.tag.is_private]


def test_the_original_is_not_changed() -> None:
    dataset = image()
    dataset.add_new(0x00100010, "PN", "Doe^Jane")
    dataset.LongitudinalTemporalInformationModified = "UNMODIFIED"
    before = str(dataset)
    rewritten(dataset, uids=True, dates="full", device_identity=True)
    assert str(dataset) == before


def test_what_is_no_number_is_not_kept_as_one() -> None:
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    dataset = image()
    for tag, vr, value in (
        (0x00180060, "DS", b"Jane"),
        (0x00180050, "DS", b"5.0 "),
        (0x00189073, "FD", b"Jane"),
    ):
        raw = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
        dataset._dict[Tag(tag)] = raw
    with files.quiet():
        clean, changes = Rewriter(KEY, Options()).rewrite(dataset, "p")
    assert "KVP" not in clean
    assert clean.SliceThickness == 5.0
    assert changes["00180060"].startswith("X")
    assert changes["00189073"] == "X unreadable"


@pytest.mark.parametrize("descriptors", [False, True])
def test_descriptions_are_removed_or_cleaned(descriptors: bool) -> None:
    dataset = image()
    dataset.StudyDescription = "CXR Doe Jane, AP portable"
    dataset.ProtocolName = "Doe"
    clean = rewritten(dataset, descriptors=descriptors)
    assert clean.get("StudyDescription") == ("CXR AP PORTABLE" if descriptors else None)
    assert clean.ProtocolName == "REMOVED"
    assert isinstance(clean["ProtocolName"], DataElement)
