"""One original, one pseudonym under one key; none alike under another."""

import re

from hypothesis import given
from hypothesis import strategies as st

from diascope.curation._deidentify.pseudonyms import Key

SECRETS = st.binary(min_size=32, max_size=32)
NAMES = st.text(st.characters(exclude_characters=" \0"), min_size=1, max_size=64)


@given(NAMES, NAMES, SECRETS, SECRETS)
def test_pseudonyms(one: str, two: str, secret: bytes, other_secret: bytes) -> None:
    key, other = Key(secret), Key(other_secret)
    for of, shape in ((Key.patient, r"P[0-9a-f]{20}"), (Key.uid, r"2\.25\.\d{1,39}")):
        assert re.fullmatch(shape, of(key, one))
        assert len(of(key, one)) <= 64
        assert of(key, one) == of(key, f"{one} ") == of(key, f"{one}\0")
        assert (of(key, one) == of(key, two)) == (one == two)
        assert (of(key, one) == of(other, one)) == (key == other)


def test_kinds_do_not_share_digests() -> None:
    key = Key(bytes(32))
    assert key.digest("patient", "1") != key.digest("uid", "1")
    assert key.file_name("1.2.3") not in key.uid("1.2.3")


def test_pseudonyms_are_the_same_at_every_site_and_in_every_version() -> None:
    key = Key(bytes(range(32)))
    assert key.patient("MRN-1") == "P6cc50edc9e2ddd2953b4"
    assert key.uid("1.2.3") == "2.25.323208961630152148644988635546095983220"
    assert key.shift("MRN-1", with_times=True).days == 811
