"""Leaks: what spans splits or data sets fails, the rest is told, and no patient is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation.duplicates import Pair
from diascope.curation.leaks import LeakReport, Origin, gate, leaks
from diascope.curation.texts import TextLeak
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
    found = leaks([pair], origins, [text])
    raw = found.model_dump_json()
    assert LeakReport.model_validate_json(raw) == found
    assert found.images[0].kind == "same file"
    assert "secret" not in raw


def test_texts_are_only_told() -> None:
    text = TextLeak(record="r2", split="test", training="r1", times=1, words=20)
    gate(leaks([], [], [text]))


@given(st.lists(st.sampled_from(["p d train", "q d train", "p e test", "q e test"]), min_size=2))
def test_counts_add_up_to_the_pairs(places: list[str]) -> None:
    origins = [origin(f"r{number}", place) for number, place in enumerate(places)]
    pairs = [Pair(0, place, "near", 0.01) for place in range(1, len(places))]
    found = leaks(pairs, origins)
    assert sum(found.counts().values()) == len(pairs)
    spanning = [pair for pair in pairs if places[0].split()[2] != places[pair.second].split()[2]]
    assert len(found.failing) == len(spanning)
