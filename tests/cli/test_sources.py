"""diascope sources, fetch, leaks and doctor data, as somebody types them."""

import json
from pathlib import Path

FIXTURES = Path(__file__).parent.parent / "sources" / "fixtures"


def test_sources_are_listed_with_who_vouches_for_them(run) -> None:
    code, out, _ = run("sources")
    assert code == 0
    assert "mimic_cxr" in out and "without a public witness" in out
    code, out, _ = run("sources", "--json")
    listed = {each["name"]: each for each in json.loads(out)}
    assert listed["mimic_cxr"]["restricted"] and not listed["coco"]["restricted"]


def test_a_raw_folder_is_recognised_and_counted(run) -> None:
    code, out, _ = run("doctor", "data", FIXTURES / "montgomery" / "raw")
    assert code == 1  # seven images of 138
    assert "138" in out and "montgomery" in out
    code, _, told = run("doctor", "data", FIXTURES / "montgomery")
    assert code == 2 and "not in the layout of any source" in told
    code, _, told = run("doctor", "data")
    assert code == 2 and "name the raw folder" in told


def test_a_prepared_folder_does_not_leak(run, tmp_path: Path) -> None:
    raw = FIXTURES / "nih_cxr14" / "raw"
    assert run("prepare", "nih_cxr14", raw, tmp_path / "out").code == 0
    assert (tmp_path / "out" / "data_card.html").is_file()
    code, out, _ = run("leaks", tmp_path / "out")
    assert code == 0 and "pairs" in out
    code, _, told = run("leaks", tmp_path / "oat")
    assert code == 2 and "'out'" in told


def test_a_fetch_tells_its_terms_and_refuses_what_is_restricted(run, tmp_path: Path) -> None:
    code, out, _ = run("fetch", "montgomery", tmp_path / "out", "--dry-run")
    assert code == 0 and "public domain" in out
    code, _, told = run("fetch", "mimic_cxr", tmp_path / "out", "--accept-licence")
    assert code == 2 and "mimic" in told
    code, _, told = run("fetch", "montgomry", tmp_path / "out")
    assert code == 2 and "'montgomery'" in told
    assert not (tmp_path / "out").exists()
