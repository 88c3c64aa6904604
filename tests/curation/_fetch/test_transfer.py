import hashlib
import random

import pytest

from diascope.curation._fetch.address import check_address, check_redirect, shown
from diascope.curation._fetch.part import version_of
from diascope.curation._fetch.transfer import transfer
from diascope.errors import InputError
from diascope.sources.source import RemoteFile

from .server import MODIFIED, Site, serve

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
BODY = random.Random(1).randbytes(1_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Pauses(list):
    """A clock that only writes down what it is asked to wait."""

    def __call__(self, seconds):
        self.append(seconds)


def get(site, folder, progress=lambda done, whole: None, pauses=None, **published):
    file = RemoteFile(name="set.zip", url=site.url, **published)
    pause = Pauses() if pauses is None else pauses
    return transfer(file, folder / "set.zip", progress, pause)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def ranges(site):
    return [headers.get("Range") for headers in site.asked]


def test_a_file_arrives_and_is_counted(tmp_path):
    told = []
    with serve(Site(BODY)) as site:
        checksum = get(
            site, tmp_path, lambda *counts: told.append(counts), size=len(BODY), sha256=SHA256
        )
    assert checksum == SHA256
    assert (tmp_path / "set.zip").read_bytes() == BODY
    assert names(tmp_path) == ["set.zip"]
    assert told[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in told] == sorted({done for done, _ in told})


@pytest.mark.parametrize("site", [Site(BODY), Site(BODY, tag="", modified=MODIFIED)])
def test_a_dropped_connection_is_gone_on_with(tmp_path, site):
    site.drop_after = [300_000, 300_000]
    pauses = Pauses()
    with serve(site):
        get(site, tmp_path, pauses=pauses, md5=MD5)
    assert ranges(site) == [None, "bytes=300000-", "bytes=600000-"]
    assert {headers["If-Range"] for headers in site.asked[1:]} == {site.tag or site.modified}
    assert pauses == [1.0, 1.0]
    assert (tmp_path / "set.zip").read_bytes() == BODY


@pytest.mark.parametrize(
    ("change", "resumes"),
    [({"ranges": False}, True), ({"tag": ""}, False), ({"tag": 'W/"weak"'}, False)],
)
def test_what_cannot_be_resumed_begins_again(tmp_path, change, resumes):
    site = Site(BODY, drop_after=[300_000], **change)
    with serve(site):
        get(site, tmp_path, sha256=SHA256)
    assert ranges(site) == [None, "bytes=300000-" if resumes else None]
    assert (tmp_path / "set.zip").read_bytes() == BODY


@pytest.mark.parametrize("ignores", [False, True])
def test_a_file_that_changes_between_two_tries_is_not_mixed(tmp_path, ignores):
    other = BODY[::-1]
    changed = Site(other, tag='"two"', ignores_if_range=ignores)
    with serve(Site(BODY, drop_after=[300_000], after=changed)) as site:
        get(site, tmp_path)
    assert (tmp_path / "set.zip").read_bytes() == other


def test_a_new_run_goes_on_where_the_last_ended(tmp_path):
    class Stop(KeyboardInterrupt):
        pass

    def interrupt(done, whole):
        raise Stop

    with serve(Site(BODY)) as site:
        with pytest.raises(Stop):
            get(site, tmp_path, interrupt)
        here = (tmp_path / "set.zip.part").read_bytes()
        assert here and BODY.startswith(here)
        get(site, tmp_path, sha256=SHA256)
        assert ranges(site) == [None, f"bytes={len(here)}-"]
    assert (tmp_path / "set.zip").read_bytes() == BODY
    assert names(tmp_path) == ["set.zip"]


def test_a_part_that_is_all_there_is_only_checked(tmp_path):
    (tmp_path / "set.zip.part").write_bytes(BODY)
    (tmp_path / "set.zip.part.version").write_text('"one"')
    with serve(Site(BODY)) as site:
        get(site, tmp_path, sha256=SHA256)
    assert ranges(site) == [f"bytes={len(BODY)}-"]
    assert names(tmp_path) == ["set.zip"]


def test_a_part_that_is_too_long_is_dropped(tmp_path):
    (tmp_path / "set.zip.part").write_bytes(BODY + b"more")
    (tmp_path / "set.zip.part.version").write_text('"one"')
    with serve(Site(BODY)) as site:
        get(site, tmp_path, sha256=SHA256)
    assert (tmp_path / "set.zip").read_bytes() == BODY


def test_a_file_with_its_own_name_is_not_asked_for_again(tmp_path):
    (tmp_path / "set.zip").write_bytes(BODY)
    with serve(Site(b"other")) as site:
        assert get(site, tmp_path) == SHA256
        assert site.asked == []


@pytest.mark.parametrize(
    ("published", "said"),
    [
        ({"sha256": "0" * 64}, "SHA-256"),
        ({"md5": "0" * 32}, "MD5"),
        ({"size": 7}, "where 7 were published"),
    ],
)
def test_what_is_not_the_published_file_is_not_kept(tmp_path, published, said):
    with serve(Site(BODY)) as site, pytest.raises(InputError, match=said):
        get(site, tmp_path, **published)
    assert names(tmp_path) == []


def test_a_length_that_is_too_long_is_given_up_and_kept(tmp_path):
    pauses = Pauses()
    site = Site(BODY, ranges=False, length=len(BODY) + 9)
    with serve(site), pytest.raises(InputError, match="fetch again to go on"):
        get(site, tmp_path, pauses=pauses)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert not (tmp_path / "set.zip").exists()


def test_a_length_that_is_too_short_is_found_by_the_checksum(tmp_path):
    with serve(Site(BODY, length=1000)) as site, pytest.raises(InputError, match="SHA-256"):
        get(site, tmp_path, sha256=SHA256)
    assert names(tmp_path) == []


def test_without_a_length_no_more_than_the_published_size_is_read(tmp_path):
    told = []
    most = 400_000
    with serve(Site(BODY, length=-1)) as site, pytest.raises(InputError, match=f"more than {most}"):
        get(site, tmp_path, lambda *counts: told.append(counts), size=most)
    assert told
    assert all(done <= whole == most for done, whole in told)
    assert names(tmp_path) == []


def test_without_a_length_or_a_size_the_end_is_the_end(tmp_path):
    with serve(Site(BODY, length=-1)) as site:
        assert get(site, tmp_path) == SHA256


def test_a_length_that_the_disk_cannot_hold_is_refused_first(tmp_path):
    with serve(Site(BODY, length=1 << 60)) as site, pytest.raises(InputError, match="make room"):
        get(site, tmp_path)
    assert (tmp_path / "set.zip.part").stat().st_size == 0


def test_busy_servers_are_asked_again_and_stubborn_ones_given_up(tmp_path):
    pauses = Pauses()
    with serve(Site(BODY, statuses=[503, 429])) as site:
        get(site, tmp_path, pauses=pauses)
    assert pauses == [1.0, 2.0]
    (tmp_path / "set.zip").unlink()
    with (
        serve(Site(BODY, statuses=[502] * 9)) as site,
        pytest.raises(InputError, match="answers 502, 5 times"),
    ):
        get(site, tmp_path)
    assert len(site.asked) == 5


def test_a_missing_file_is_told_at_once(tmp_path):
    pauses = Pauses()
    with serve(Site(BODY, statuses=[404])) as site, pytest.raises(InputError, match="404"):
        get(site, tmp_path, pauses=pauses)
    assert pauses == []


def test_a_server_that_is_not_there_is_given_up(tmp_path):
    with serve(Site(BODY)) as site:
        pass
    with pytest.raises(InputError, match="ConnectionRefusedError"):
        get(site, tmp_path)


def test_a_proxy_of_the_environment_is_used_and_its_password_kept(tmp_path, monkeypatch):
    with serve(Site(BODY)) as site:
        proxy = site.url.removesuffix("/set.zip").replace("//", "//user:secret@")
        monkeypatch.setenv("http_proxy", proxy)
        beyond = Site(url="http://localhost:9/elsewhere.zip")
        get(beyond, tmp_path, sha256=SHA256)
        assert site.asked[0]["Host"] == "localhost:9"
    (tmp_path / "set.zip").unlink()
    with pytest.raises(InputError, match="5 times in a row") as told:
        get(beyond, tmp_path)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "target",
    ["http://example.org/set.zip", "ftp://example.org/set.zip", "file:///etc/passwd"],
)
def test_a_redirect_to_anything_but_https_is_refused(tmp_path, target):
    refused = pytest.raises(InputError, match=r"only https|answers 302")
    with serve(Site(redirect=target)) as site, refused:
        get(site, tmp_path)
    assert names(tmp_path) == []


def test_a_redirect_on_this_machine_keeps_the_range(tmp_path):
    site = Site(BODY, drop_after=[300_000])
    with serve(site):
        site.redirect = site.url.replace("set.zip", "moved.zip")
        get(site, tmp_path, sha256=SHA256)
    assert ranges(site) == [None, None, "bytes=300000-", "bytes=300000-"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.zip",
        "ftp://example.org/a.zip",
        "https://user:secret@example.org/a.zip",
        "https://secret@example.org/a.zip",
        "http://127.0.0.1.example.org/a.zip",
        "https://example.org:port/a.zip",
    ],
)
def test_addresses_that_are_refused(url):
    with pytest.raises(InputError) as refused:
        check_address(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://example.org/a", "http://127.0.0.1:8/a", "http://[::1]/a"])
def test_addresses_that_are_taken(url):
    check_address(url)


def test_no_other_address_sends_us_to_this_machine():
    check_redirect("http://127.0.0.1:8/a", "http://127.0.0.1:9/b")
    check_redirect("https://example.org/a", "https://example.com/b")
    for address in ("http://127.0.0.1/admin", "https://localhost/admin", "https://[::1]/admin"):
        with pytest.raises(InputError, match="this machine"):
            check_redirect("https://example.org/a", address)


def test_an_address_is_shown_without_what_is_secret():
    assert shown("https://u:p@host:8443/a/b?signature=s#f") == "https://host:8443/a/b"


def test_a_date_within_a_second_of_the_reply_is_no_validator():
    assert version_of({"Last-Modified": MODIFIED, "Date": MODIFIED}) == ""
    assert version_of({"Last-Modified": MODIFIED}) == ""
    later = MODIFIED.replace("05 GMT", "06 GMT")
    assert version_of({"Last-Modified": MODIFIED, "Date": later}) == MODIFIED
    folded = MODIFIED.replace(", ", ",\r\n ")
    assert version_of({"Last-Modified": folded, "Date": later}) == ""
    assert version_of({"ETag": '"a\r\n b"'}) == ""
