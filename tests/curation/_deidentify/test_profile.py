"""The table is the standard's: counts, spot checks, and what holds for what is in no list."""

import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from diascope.curation._deidentify.options import Options
from diascope.curation._deidentify.profile import Action, Profile, edition, kept, table, terms

EVERYTHING = Options(
    dates="full", patient_characteristics=True, device_identity=True, institution_identity=True,
    uids=True, descriptors=True,
)  # fmt: skip


def test_the_table_is_whole() -> None:
    assert edition().startswith("2026c")
    assert len(table()) == 652
    assert len(kept()) == len(set(kept())) > 900
    assert not kept() & set(table())
    assert all(term == term.upper() and term.isalnum() for term in terms())


@pytest.mark.parametrize(
    ("keyword", "basic", "kept_by"),
    [
        ("PatientName", "Z", None),
        ("PatientBirthDate", "Z", None),
        ("PatientAge", "X", "patient_characteristics"),
        ("StudyInstanceUID", "U", "uids"),
        ("DeviceSerialNumber", "D", "device_identity"),
        ("InstitutionName", "D", "institution_identity"),
        ("StudyDescription", "X", None),
        ("PatientComments", "X", None),
        ("AccessionNumber", "Z", None),
        ("DigitalSignaturesSequence", "X", None),
        ("ReferencedImageSequence", "U", "uids"),
    ],
)
def test_actions(keyword: str, basic: str, kept_by: str | None) -> None:
    tag = tag_for_keyword(keyword)
    assert Profile(Options()).action(tag) == basic
    if kept_by:
        assert Profile(Options(**{kept_by: True})).action(tag) is Action.KEEP
    else:
        assert Profile(EVERYTHING).action(tag) is not Action.KEEP


def test_dates() -> None:
    tag = tag_for_keyword("StudyDate")
    assert Profile(Options()).action(tag) is Action.CLEAN
    assert Profile(Options(dates="full")).action(tag) is Action.KEEP
    assert Profile(Options(dates="removed")).action(tag) is Action.EMPTY


@pytest.mark.parametrize("tag", [0x60003000, 0x601E4000, 0x50002600, 0x00185F5E, 0x7FE10010])
def test_the_unknown_is_removed_whatever_is_kept(tag: int) -> None:
    assert Profile(EVERYTHING).action(tag) is Action.REMOVE


def test_nothing_is_kept_unchecked_by_default() -> None:
    profile = Profile(Options())
    assert Action.KEEP not in {profile.action(tag) for tag in {*table(), *kept()}}
    free = {"PN", "UT", "ST", "LT", "UR", "AE", "UC", "DA", "TM", "DT"}
    assert not [keyword_for_tag(tag) for tag in kept() if dictionary_VR(tag) in free]


def test_the_methods_are_those_of_the_options() -> None:
    assert [code for code, _ in Options().methods()] == ["113100", "113107"]
    assert [code for code, _ in EVERYTHING.methods()] == [
        "113100", "113106", "113108", "113109", "113112", "113110", "113105",
    ]  # fmt: skip
