"""Leaks: what is in two places where it must not be fails, the rest is told; no one is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation.duplicates import Pair
from diascope.curation.leaks import LeakReport, Origin, gate, leaks
from diascope.curation.patients import PatientLeak
from diascope.curation.texts import ReportLeak, TextLeak, TextLeaks
from diascope.errors import InputError


def origin(record: str, place: str) -> Origin:
    """Of a place written as `patient dataset split` and, where known, the file."""
    patient, dataset, split, *sha256 = place.split()
    return Origin(
        record=record,
        patient=patient,
        dataset=dataset,
        split=split,
        sha256=sha256[0] if sha256 else None,
    )


def report(first: str, second: str, kind: str = "near") -> LeakReport:
    pair = Pair(0, 1, kind, 0.0 if kind == "exact" else 0.0125)
    return leaks([pair], [origin("r1", first), origin("r2", second)])


@pytest.mark.parametrize(
    ("first", "second", "what", "fails"),
    [
        ("p d train", "q d test", "near across splits", True),
        ("p d train", "p d test", "near across splits", True),
        ("p d train", "p e test", "near across splits", True),
        ("p d train", "q e train", "near across data sets", True),
        ("p d train", "p e train", "near across data sets", False),
        ("p d train", "q d train", "near in a split", False),
        ("p d train", "p d train", "near of the same patient", False),
        ("p d train f", "q d train f", "same file in a split", False),
        ("10999951 mimic_cxr train", "p10999951 radialog train", "near across data sets", False),
        ("10999951 mimic_cxr train", "p10999952 radialog train", "near across data sets", True),
        ("1 openi train", "01 nih_cxr14 train", "near across data sets", True),
        ("p d train f", "q d train g", "near in a split", False),
    ],
)
def test_what_a_pair_is(first: str, second: str, what: str, fails: bool) -> None:
    for here, there in ((first, second), (second, first)):
        found = report(here, there)
        assert found.counts() == {what: 1}
        assert bool(found.failing) == fails
        if fails:
            with pytest.raises(InputError, match=rf"^1 pairs of images leak \(1 {what}\): 'r1'"):
                gate(found)
        else:
            gate(found)


def test_the_message_names_records_and_no_patient() -> None:
    origins = [origin(f"record{place}", f"secret{place} d train") for place in range(9)]
    origins += [origin("record9", "secret9 d test f")]
    pairs = [Pair(place, 9, "flipped", 0.01) for place in range(7)]
    with pytest.raises(InputError) as caught:
        gate(leaks(pairs, origins))
    assert str(caught.value).startswith(
        "7 pairs of images leak (7 flipped across splits): 'record0' (train, d) and 'record9' "
        "(test, d), flipped, distance 0.010; 'record1' (train, d) and"
    )
    assert "record4" in str(caught.value)
    assert "record5" not in str(caught.value)
    assert "; and 2 more; leave one record of each pair out" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_report_goes_through_a_file_and_names_no_patient() -> None:
    text = TextLeak(record="r2", split="test", training="r1", times=3, words=20)
    pair = Pair(0, 1, "exact", 0.0)
    origins = [origin("r1", "secret1 d train f"), origin("r2", "secret2 d test f")]
    copied = ReportLeak(record="r2", split="test", training="r1", words=50, own=60)
    found = leaks([pair], origins, TextLeaks((text,), (copied,)), [patient()])
    raw = found.model_dump_json()
    assert LeakReport.model_validate_json(raw) == found
    assert found.images[0].kind == "same file"
    assert "secret" not in raw


def patient(number: int = 0) -> PatientLeak:
    return PatientLeak(
        first=f"m{number}",
        second=f"n{number}",
        splits=("train", "test"),
        datasets=("mimic_cxr", "ms_cxr"),
        family="mimic_cxr",
    )


def test_sections_are_only_told() -> None:
    text = TextLeak(record="r2", split="test", training="r1", times=1, words=20)
    gate(leaks([], [], TextLeaks((text,))))


def test_a_patient_in_two_splits_fails() -> None:
    found = leaks([], [], patients=map(patient, range(7)))
    assert found.counts() == {"same patient of mimic_cxr across splits": 7}
    with pytest.raises(InputError) as caught:
        gate(found)
    assert str(caught.value).startswith(
        "7 pairs of records are of one patient in two splits: 'm0' (train, mimic_cxr) and 'n0' "
        "(test, ms_cxr); 'm1' (train"
    )
    assert "'m4'" in str(caught.value)
    assert "'m5'" not in str(caught.value)
    assert "; and 2 more; these sets were made of one another: leave" in str(caught.value)


def test_a_copied_report_fails_and_everything_is_told_at_once() -> None:
    copied = ReportLeak(record="r9", split="val", training="r8", words=50, own=60)
    pair = Pair(0, 1, "near", 0.01)
    origins = [origin("r1", "p d train"), origin("r2", "p d test")]
    found = leaks([pair], origins, TextLeaks(reports=(copied,)), [patient()])
    assert sum(found.counts().values()) == 3
    with pytest.raises(InputError) as caught:
        gate(found)
    images, people, reports = str(caught.value).splitlines()
    assert images.startswith("1 pairs of images leak")
    assert people.startswith("1 pairs of records are of one patient")
    assert reports == (
        "1 copies of evaluated reports stand in training text: 'r9' (val), 50 of its own 60 words "
        "in 'r8'; leave the training records of these patients out"
    )


@given(st.lists(st.sampled_from(["p d train", "q d train", "p e test", "q e test"]), min_size=2))
def test_counts_add_up_to_the_pairs(places: list[str]) -> None:
    origins = [origin(f"r{number}", place) for number, place in enumerate(places)]
    pairs = [Pair(0, place, "near", 0.01) for place in range(1, len(places))]
    found = leaks(pairs, origins)
    assert sum(found.counts().values()) == len(pairs)
    spanning = [pair for pair in pairs if places[0].split()[2] != places[pair.second].split()[2]]
    assert len(found.failing) == len(spanning)
