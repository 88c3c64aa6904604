"""Hand-overs: profiles that are known and differ are refused, unknown ones pass."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.errors import InputError
from diascope.imaging.handover import (
    UNKNOWN,
    Made,
    records_profile,
    refuse_mixed,
    refuse_records,
    told_profile,
)
from diascope.imaging.profile import render_profile

OTHER = "0123456789abcdef"


def records(folder: Path, **card: object) -> Path:
    (folder / "card.json").write_text(json.dumps(card))
    return folder / "records.jsonl"


def test_records_of_another_profile_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        refuse_records(records(tmp_path, render_profile=OTHER, records=3))
    told = str(caught.value)
    assert told.startswith(f"{tmp_path}: prepared under render profile {OTHER}, but this version")
    assert render_profile() in told
    assert told.endswith("prepare the data again")


def test_records_of_this_profile_and_of_none_pass(tmp_path: Path) -> None:
    assert records_profile(tmp_path / "records.jsonl") == UNKNOWN
    refuse_records(tmp_path / "records.jsonl")
    refuse_records(records(tmp_path, render_profile=render_profile()))
    assert records_profile(tmp_path / "records.jsonl") == render_profile()


@pytest.mark.parametrize(
    "told", ["{}", "[]", "3", '{"render_profile": ""}', '{"render_profile": 3}']
)
def test_a_card_of_another_kind_says_nothing(tmp_path: Path, told: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(told)
    assert told_profile(path) == UNKNOWN


@pytest.mark.parametrize("told", ["", "{", "\xff"])
def test_a_damaged_card_is_an_error(tmp_path: Path, told: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(told, encoding="latin-1")
    with pytest.raises(InputError, match=r"card\.json: damaged"):
        told_profile(path)


@given(st.lists(st.sampled_from(["a", "b", UNKNOWN]), max_size=5))
def test_only_known_profiles_that_differ_are_refused(profiles: list[str]) -> None:
    made = [Made(f"{number}: made", profile) for number, profile in enumerate(profiles)]
    if {"a", "b"} <= set(profiles):
        with pytest.raises(InputError, match=r"; mend it$"):
            refuse_mixed(made, "mend it")
    else:
        refuse_mixed(made, "mend it")
