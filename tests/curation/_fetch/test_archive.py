import gzip
import io
import re
import stat
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation._fetch import room as room_module
from diascope.curation._fetch.archive import Bounds, is_archive, unpack
from diascope.curation._fetch.member import Refused, safe_path
from diascope.errors import InputError

FILES = {"images/1.png": b"\x89PNG" * 50, "images/deep/2.png": b"two", "table.csv": b"a,b\n1,2\n"}
ESCAPES = ("../evil", "images/../../evil", "/evil", "C:\\evil", "C:evil", "..\\evil", "a/.. /evil")


def make_zip(path, files=FILES, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def make_tar(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for member, data in members:
            member.size = len(data) or member.size
            archive.addfile(member, io.BytesIO(data))
    return path


def member(name, kind=tarfile.REGTYPE, target=""):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def tar_of(path, files=FILES, mode="w:gz"):
    return make_tar(path, [(member(name), data) for name, data in files.items()], mode)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(archive, tmp_path, match, bounds=None):
    """Nothing is left of a refused archive, and nothing lies beside it."""
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(InputError) as error:
        unpack(archive, tmp_path / "out", bounds)
    told = str(error.value).removeprefix(str(archive))
    assert re.search(match, told), told
    assert sorted(tmp_path.parent.rglob("*")) == before
    return told


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
def test_what_was_packed_is_unpacked(tmp_path, name):
    archive = tmp_path / name
    if name == "a.zip":
        make_zip(archive)
    else:
        tar_of(archive, mode="w" if name == "a.tar" else "w:gz")
    unpack(archive, tmp_path / "out", Bounds(ratio=1000))
    assert contents(tmp_path / "out") == FILES
    assert is_archive(name) and is_archive(name.upper()) and not is_archive(name + ".csv")


def test_modes_and_owners_of_an_archive_are_not_taken(tmp_path):
    tool = member("tool")
    tool.mode = 0o6777
    unpack(make_tar(tmp_path / "a.tar", [(tool, b"x")], "w"), tmp_path / "out")
    assert not stat.S_IMODE((tmp_path / "out/tool").stat().st_mode) & 0o7111


@pytest.mark.parametrize("name", ESCAPES)
def test_names_that_lead_out_are_refused(tmp_path, name):
    told = refused(make_zip(tmp_path / "a.zip", {"ok": b"1", name: b"2"}), tmp_path, "member 2")
    assert "evil" not in told
    tar = make_tar(tmp_path / "a.tgz", [(member("ok"), b"1"), (member(name), b"2")])
    refused(tar, tmp_path, "member 2")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["../evil", "/etc/passwd", "../../etc/passwd"])
def test_links_that_lead_out_are_refused(tmp_path, kind, target):
    tar = make_tar(tmp_path / "a.tgz", [(member("link", kind, target), b"")])
    refused(tar, tmp_path, "not unpacked, at member 1")


@pytest.mark.parametrize(
    ("kind", "target"), [(tarfile.SYMTYPE, "../images/1.png"), (tarfile.LNKTYPE, "images/1.png")]
)
def test_a_link_within_becomes_a_copy(tmp_path, kind, target):
    members = [
        (member("links/first", kind, target), b""),
        (member("images/1.png"), b"one"),
    ]
    unpack(make_tar(tmp_path / "a.tgz", members), tmp_path / "out")
    assert contents(tmp_path / "out") == {"images/1.png": b"one", "links/first": b"one"}
    assert not (tmp_path / "out/links/first").is_symlink()


def test_copies_of_links_count_as_bytes(tmp_path):
    links = [(member(f"link{at}", tarfile.LNKTYPE, "one"), b"") for at in range(50)]
    tar = make_tar(tmp_path / "a.tar", [(member("one"), b"x" * 1000), *links], "w")
    refused(tar, tmp_path, "more than 20.0 kB in it", Bounds(num_bytes=20_000))


def test_a_file_is_not_written_through_a_link(tmp_path):
    members = [(member("way", tarfile.SYMTYPE, "images"), b""), (member("way/evil"), b"x")]
    refused(
        make_tar(tmp_path / "a.tgz", members), tmp_path, "what is no file|another member|cannot"
    )


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused(tmp_path, kind):
    refused(
        make_tar(tmp_path / "a.tgz", [(member("null", kind), b"")]), tmp_path, "device or a pipe"
    )


def linked_zip(path, target):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1", b"one")
        info = zipfile.ZipInfo("a/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)
    return path


def test_links_in_a_zip(tmp_path):
    unpack(linked_zip(tmp_path / "a.zip", "1"), tmp_path / "out")
    assert contents(tmp_path / "out") == {"a/1": b"one", "a/link": b"one"}
    (tmp_path / "b").mkdir()
    refused(linked_zip(tmp_path / "b/b.zip", "../../evil"), tmp_path / "b", "leads out")
    refused(linked_zip(tmp_path / "b/b.zip", "/etc/passwd"), tmp_path / "b", "absolute")
    refused(linked_zip(tmp_path / "b/b.zip", "x" * 5000), tmp_path / "b", "a link that is too long")


@pytest.mark.parametrize("make", [make_zip, tar_of])
@pytest.mark.parametrize(
    ("files", "bounds", "match"),
    [
        ({"zeros": bytes(10_000_000)}, Bounds(), "200 times its size"),
        ({"a": b"1" * 600, "b": b"2" * 600}, Bounds(num_bytes=1000), "more than 1.0 kB in it"),
        ({str(number): b"" for number in range(9)}, Bounds(num_members=8), "more than 8 members"),
        ({"a/" * 40 + "b": b""}, Bounds(), "32 folders deep"),
        ({"a\x01b": b""}, Bounds(), "control characters"),
        ({"a": b"", "a/b": b""}, Bounds(), "another member|cannot be unpacked"),
    ],
)
def test_bounds(tmp_path, make, files, bounds, match):
    archive = make(tmp_path / ("a.zip" if make is make_zip else "a.tgz"), files)
    refused(archive, tmp_path, match, bounds)


def test_no_more_is_unpacked_than_there_is_room_for(tmp_path, monkeypatch):
    reserve = room_module._RESERVE
    full = SimpleNamespace(disk_usage=lambda folder: SimpleNamespace(free=reserve + 100))
    monkeypatch.setattr(room_module, "shutil", full)
    refused(make_zip(tmp_path / "a.zip"), tmp_path, "more than the 100 bytes")


def test_a_header_made_to_fill_the_memory_is_refused(tmp_path):
    header = member("comment", tarfile.XHDTYPE)
    header.size = 1 << 30
    with gzip.open(tmp_path / "a.tgz", "wb") as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(1 << 20))
    refused(tmp_path / "a.tgz", tmp_path, "headers are too long")


def test_a_negative_size_does_not_go_round_in_circles(tmp_path):
    block = bytearray(member("a").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 8 + (-1024).to_bytes(4, "big", signed=True)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (tmp_path / "a.tar").write_bytes(bytes(block) * 3)
    refused(tmp_path / "a.tar", tmp_path, "negative|backwards")


def test_two_members_of_one_name_are_refused(tmp_path):
    tar = make_tar(tmp_path / "a.tar", [(member("a"), b"1"), (member("./a"), b"2")], "w")
    refused(tar, tmp_path, "member 2: its name is that of another")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_are_not_bounded_are_refused(tmp_path, method):
    refused(make_zip(tmp_path / "a.zip", method=method), tmp_path, "neither stored nor deflated")


def test_encrypted_members_are_refused(tmp_path):
    data = bytearray(make_zip(tmp_path / "a.zip", {"a": b"1"}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", tmp_path, "it is encrypted")


def test_a_member_that_is_shorter_than_it_says_is_refused(tmp_path):
    data = bytearray(make_zip(tmp_path / "a.zip", {"a": b"12345"}).read_bytes())
    for size_at in (data.index(b"PK\x03\x04") + 22, data.index(b"PK\x01\x02") + 24):
        data[size_at] = 9
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", tmp_path, "not as long as it says")


@pytest.mark.parametrize("name", ["a.zip", "a.tgz", "a.tar"])
@pytest.mark.parametrize("data", [b"", b"<html>Please log in</html>" * 50, b"\x1f\x8bbroken"])
def test_what_is_no_archive_is_refused(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, tmp_path, "not unpacked, at member 1.*download it again")


def test_a_member_without_a_name_is_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"b.txt": b"1"})
    archive.write_bytes(archive.read_bytes().replace(b"b.txt", b"\0.txt"))  # names end at a zero
    refused(archive, tmp_path, "it has no name")


@pytest.mark.parametrize("make", [make_zip, tar_of])
@given(at=st.integers(0, 10_000), to=st.integers(0, 255), cut=st.booleans())
def test_damage_is_told_and_never_escapes(tmp_path_factory, make, at, to, cut):
    folder = tmp_path_factory.mktemp("damage")
    archive = make(folder / ("a.zip" if make is make_zip else "a.tgz"))
    data = bytearray(archive.read_bytes())
    data[at % len(data)] = to
    archive.write_bytes(data[: at % len(data)] if cut else data)
    try:
        unpack(archive, folder / "out", Bounds(ratio=1000))
    except InputError:
        assert not (folder / "out").exists()
    assert {path.name for path in folder.iterdir()} <= {archive.name, "out"}


@pytest.mark.parametrize("text", ["Lungenödem.png", "肺.png", "naïve/é.png"])
def test_utf8_names_of_a_zip_that_does_not_say_so(tmp_path, text):
    stand_in = "x" * len(text.encode())
    data = make_zip(tmp_path / "a.zip", {stand_in: b"1"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(stand_in.encode(), text.encode()))
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert contents(tmp_path / "out") == {text: b"1"}


def test_code_page_437_in_a_zip(tmp_path):
    data = make_zip(tmp_path / "a.zip", {"xx": b"1"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"xx", b"\x94x"))
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert contents(tmp_path / "out") == {"öx": b"1"}


def test_latin_1_in_a_tar(tmp_path):
    with tarfile.open(
        tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1"
    ) as tar:
        tar.addfile(member("Ödem.png"), io.BytesIO())
    unpack(tmp_path / "a.tar", tmp_path / "out")
    assert contents(tmp_path / "out") == {"Ödem.png": b""}


def test_backslashes_part_folders(tmp_path):
    unpack(make_zip(tmp_path / "a.zip", {"images\\1.png": b"1"}), tmp_path / "out")
    assert contents(tmp_path / "out") == {"images/1.png": b"1"}


@given(st.text(alphabet="ab./\\: \x00\né", max_size=12))
def test_a_safe_path_stays_below(name):
    try:
        path = safe_path(name, depth=32)
    except Refused:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert Path("/root", path).resolve().is_relative_to("/root")
