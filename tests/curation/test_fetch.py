import hashlib
import io
import json
import tarfile
import zipfile

import pytest

from diascope.curation.fetch import fetch, terms
from diascope.errors import InputError
from diascope.sources import all_sources
from diascope.sources.source import Download, RemoteFile, Source

from ._fetch.server import Site, serve

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


LAYOUT = {"Set/images/1.png": b"one" * 400, "Set/labels.csv": b"name,label\n"}
ZIP = zipped(LAYOUT)


def made(*files, **facts):
    download = Download(files=files) if files else None
    known = {"marks": ("images/*.png", "labels.csv"), "licence": "CC0-1.0", **facts}
    return Source(
        name="made", about="Made here", read=lambda root: iter(()), download=download, **known
    )


def remote(site, name="set.zip", **published):
    return RemoteFile(name=name, url=site.url, **published)


def get(source, out, progress=lambda done, whole: None, accept=lambda words: True):
    return fetch(source, out, accept, progress, pause=lambda seconds: None)


def files_in(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_a_set_is_downloaded_unpacked_and_found(tmp_path):
    out = tmp_path / "deep/raw"
    with serve(Site(ZIP)) as site:
        file = remote(site, size=len(ZIP), sha256=hashlib.sha256(ZIP).hexdigest())
        folder = get(made(file), out)
        assert folder == out / "Set"
        assert files_in(out) == ["Set/images/1.png", "Set/labels.csv", "fetched.json"]
        assert (folder / "images/1.png").read_bytes() == LAYOUT["Set/images/1.png"]
        told = json.loads((out / "fetched.json").read_text())
        assert told["licence"] == "CC0-1.0"
        assert told["files"] == [{"name": "set.zip", "url": site.url, "sha256": file.sha256}]
        assert get(made(file), out, accept=lambda words: False) == folder
        assert len(site.asked) == 1


def test_several_files_count_as_one_and_each_is_unpacked_where_it_lies(tmp_path):
    images, table = tarred({"1.png": b"one"}), b"name,label\n"
    told = []
    with serve(Site(images, tag='"i"')) as first, serve(Site(table, tag='"t"')) as second:
        files = (
            remote(first, "images/images.tgz", size=len(images)),
            remote(second, "labels.csv", size=len(table)),
        )
        folder = get(made(*files), tmp_path / "raw", lambda *counts: told.append(counts))
    assert folder == tmp_path / "raw"
    assert files_in(folder) == ["fetched.json", "images/1.png", "labels.csv"]
    whole = len(images) + len(table)
    assert told == [(len(images), whole), (whole, whole)]


def test_a_run_that_is_interrupted_is_gone_on_with(tmp_path):
    class Stop(KeyboardInterrupt):
        pass

    def stop(done, whole):
        raise Stop

    big = zipped({**LAYOUT, "Set/images/2.png": bytes(1_000_000)})
    out = tmp_path / "raw"
    with serve(Site(big)) as site:
        with pytest.raises(Stop):
            get(made(remote(site)), out, stop)
        assert 0 < (out / "set.zip.part").stat().st_size < len(big)
        get(made(remote(site)), out)
        assert "Range" in site.asked[1]
    assert files_in(out / "Set") == ["images/1.png", "images/2.png", "labels.csv"]


def test_an_archive_that_was_not_unpacked_to_the_end_is_not_downloaded_again(tmp_path):
    with serve(Site(ZIP)) as site:
        source = made(remote(site))
        get(source, tmp_path)
        (tmp_path / "fetched.json").write_text('{"source": "made", "licence": "CC0-1.0"}')
        (tmp_path / "set.zip").write_bytes(ZIP)
        (tmp_path / "set.zip.unpacked/Set").mkdir(parents=True)
        get(source, tmp_path)
        assert len(site.asked) == 1
    assert files_in(tmp_path) == ["Set/images/1.png", "Set/labels.csv", "fetched.json"]


def test_nothing_is_asked_for_before_the_licence_is_accepted(tmp_path):
    asked = []

    def refuse(words):
        asked.append(words)
        return False

    with serve(Site(ZIP)) as site:
        source = made(remote(site, size=len(ZIP)))
        with pytest.raises(InputError, match="licence was not accepted"):
            get(source, tmp_path / "raw", accept=refuse)
        assert site.asked == []
    assert asked == [terms(source)]
    assert "licence: CC0-1.0" in asked[0]
    assert "127.0.0.1" in asked[0]
    assert not (tmp_path / "raw").exists()


def test_restricted_sets_and_sets_without_an_address_are_refused(tmp_path):
    file = RemoteFile(name="a.zip", url="https://example.org/a.zip")
    loader, *page = ("https://example.org/x/blob/1/loader.py", "https://example.org/access")
    with pytest.raises(InputError, match=r"agreement .* published: https://example.org/access$"):
        get(made(file, restricted=True, witnesses=(loader, *page)), tmp_path)
    with pytest.raises(InputError, match=r"agreement .* published: .*/loader.py$"):
        get(made(file, restricted=True, witnesses=(loader,)), tmp_path)
    with pytest.raises(InputError, match=r"no public address .* https://example.org/access"):
        get(made(witnesses=page), tmp_path)
    with pytest.raises(InputError, match="only https"):
        get(made(RemoteFile(name="a.zip", url="http://example.org/a.zip")), tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    source = made(RemoteFile(name="a.zip", url="https://example.org/a.zip"))
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        get(source, tmp_path)
    (tmp_path / "fetched.json").write_text('{"source": "other", "licence": "x"}')
    with pytest.raises(InputError, match="holds 'other'"):
        get(source, tmp_path)
    (tmp_path / "fetched.json").write_text("[]")
    with pytest.raises(InputError, match="cannot be read"):
        get(source, tmp_path)


def test_room_is_asked_for_before_the_first_byte(tmp_path):
    with serve(Site(ZIP)) as site:
        with pytest.raises(InputError, match=r"2305843\.0 TB are needed"):
            get(made(remote(site, size=1 << 60)), tmp_path)
        assert site.asked == []


def test_a_wrong_file_leaves_nothing(tmp_path):
    with serve(Site(ZIP)) as site, pytest.raises(InputError, match="not kept"):
        get(made(remote(site, sha256="0" * 64)), tmp_path)
    assert files_in(tmp_path) == ["fetched.json"]


@pytest.mark.parametrize("name", ["fetched.json", "set.zip.part", "later.csv.part.version"])
def test_an_archive_does_not_write_our_own_files(tmp_path, name):
    with serve(Site(zipped({name: b"{}"}))) as site:
        files = (remote(site), RemoteFile(name="later.csv", url=site.url + "?later"))
        with pytest.raises(InputError, match="named as one of ours"):
            get(made(*files), tmp_path)


def test_an_archive_in_another_layout_is_told_and_kept(tmp_path):
    told = pytest.raises(InputError, match=r"not in the layout of made, .*labels\.csv")
    with serve(Site(zipped({"other/1.txt": b"1"}))) as site, told:
        get(made(remote(site)), tmp_path)
    assert (tmp_path / "other/1.txt").is_file()


@pytest.mark.parametrize(
    "source", [each for each in all_sources().values() if each.download], ids=lambda each: each.name
)
def test_what_the_sources_offer_is_fit_to_fetch(source):
    assert not source.restricted
    assert source.marks
    assert source.licence != "unknown"
    assert all(file.url.startswith("https://") for file in source.download.files)
    assert source.licence in terms(source)
