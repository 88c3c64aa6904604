"""What another table says: one thing of each name, and nothing of names that are not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.sources._lookup import Lookup, Told
from diascope.sources.folder import Unreadable
from diascope.sources.source import Problem

names = st.sampled_from("abcd")
rows = st.lists(st.tuples(names, st.integers(0, 2)), max_size=8)


def lookup(told):
    return Lookup((name, Told("t.csv", row, value)) for row, (name, value) in enumerate(told, 2))


@given(rows)
def test_a_name_says_what_all_of_its_rows_say(told):
    found = lookup(told)
    for name in "abcd":
        said = {value for other, value in told if other == name}
        if len(said) > 1:
            with pytest.raises(Unreadable, match="say different things"):
                found.get(name)
        else:
            assert found.get(name) == (said.pop() if said else None)


@given(rows, st.sets(names))
def test_every_name_that_is_not_known_is_told_once(told, known):
    strays = list(lookup(told).strays(known, "why"))
    first = {name: row for row, (name, _) in reversed(list(enumerate(told, 2)))}
    expected = {row for name, row in first.items() if name not in known}
    assert {stray.row for stray in strays} == expected
    assert len(strays) == len(expected)
    assert all(stray == Problem(file="t.csv", row=stray.row, reason="why") for stray in strays)


def test_rows_that_differ_are_told_by_their_places():
    with pytest.raises(Unreadable, match=r"row 2 of t\.csv and row 4 of t\.csv"):
        lookup([("a", 1), ("a", 1), ("a", 2)]).get("a")
