"""zipped: members come back whole or not at all, and nothing is written to disk."""

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.errors import InputError
from diascope.sources._flare import zipped

PLACE = "training/Xray/set"


def pack(root, members):
    folder = root / PLACE
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "imagesTr.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return folder


@given(st.dictionaries(st.sampled_from(["imagesTr/a.png", "imagesTr/b.png"]), st.binary()))
def test_every_member_comes_back_by_its_path(tmp_path_factory, members):
    root = tmp_path_factory.mktemp("zip")
    pack(root, members)
    for name, data in members.items():
        assert zipped.extract(root, f"{PLACE}/{name}") == data


def test_what_no_zip_file_has_is_refused(tmp_path):
    folder = pack(tmp_path, {"imagesTr/a.png": b"a"})
    assert zipped.member(folder, "imagesTr/b.png") is None
    with pytest.raises(InputError, match="no zip file"):
        zipped.extract(tmp_path, f"{PLACE}/imagesTr/b.png")


def test_a_member_larger_than_any_image_is_refused(tmp_path, monkeypatch):
    folder = pack(tmp_path, {"imagesTr/a.png": bytes(2000)})
    monkeypatch.setattr(zipped, "MAX_BYTES", 1999)
    with pytest.raises(InputError, match="1999"):
        zipped.member(folder, "imagesTr/a.png")


def test_a_damaged_member_is_refused(tmp_path):
    folder = pack(tmp_path, {"imagesTr/a.png": bytes(range(256)) * 9})
    path = folder / "imagesTr.zip"
    data = bytearray(path.read_bytes())
    data[60:70] = b"\xff" * 10
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be unpacked"):
        zipped.member(folder, "imagesTr/a.png")


def test_a_member_whose_own_name_is_no_text_is_refused(tmp_path):
    folder = pack(tmp_path, {"imagesTr/\u00e4.png": bytes(9)})
    path = folder / "imagesTr.zip"
    data = bytearray(path.read_bytes())
    data[30] = 0xFF  # in front of the member; the directory at the end still has the name
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be unpacked"):
        zipped.member(folder, "imagesTr/\u00e4.png")


def test_a_file_that_is_no_zip_holds_nothing(tmp_path):
    folder = pack(tmp_path, {})
    (folder / "imagesTr.zip").write_bytes(b"PK")
    assert zipped.member(folder, "imagesTr/a.png") is None
