"""What must be refused is, with exit code 2, and what was left out is said."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.imaging.profile import render_profile
from diascope.recordfile import RecordFile, write_records
from diascope.records import Record

OTHER = "0123456789abcdef"


def raw_set(folder: Path, phantom: Path, dataset: str, split: str, patients: list[str]) -> Path:
    """Some phantom records as those of another set and of these patients."""
    shutil.copytree(phantom.parent, folder)
    first: dict[str, Record] = {}
    for record in RecordFile(phantom):
        first.setdefault(record.patient, record)
    names = zip(first.values(), patients, strict=False)
    made = [
        record.model_copy(update={"dataset": dataset, "patient": patient, "split": split})
        for record, patient in names
    ]
    (folder / "records.jsonl.index").unlink(missing_ok=True)
    write_records(folder / "records.jsonl", made)
    return folder


@pytest.fixture
def restricted(phantom: Path, tmp_path: Path) -> Path:
    """Records that must not leave the machine."""
    shutil.copytree(phantom.parent, tmp_path / "kept")
    path = tmp_path / "kept" / "records.jsonl"
    made = [record.model_copy(update={"restricted": True}) for record in RecordFile(phantom)]
    write_records(path, made)
    return path


def test_a_patient_of_a_derived_set_is_refused(run, phantom: Path, tmp_path: Path) -> None:
    sets = {
        "mimic_cxr": ("train", ["10999951", "10999952", "10999953"]),
        "ms_cxr": ("test", ["x", "y", "z", "10999951", "10999954"]),
    }
    for dataset, (split, patients) in sets.items():
        raw = raw_set(tmp_path / f"raw {dataset}", phantom, dataset, split, patients)
        assert run("prepare", "jsonl", raw, tmp_path / dataset).code == 0
    code, out, told = run("leaks", tmp_path / "mimic_cxr", tmp_path / "ms_cxr")
    assert code == 2
    assert "same patient of mimic_cxr across splits" in out
    assert "1 pairs of records are of one patient in two splits: " in told
    assert "10999951" not in told


def test_other_pixels_are_refused_before_anything_is_done(
    run, phantom: Path, tmp_path: Path
) -> None:
    shutil.copytree(phantom.parent, tmp_path / "data")
    (tmp_path / "data" / "card.json").write_text(json.dumps({"render_profile": OTHER}))
    predict = ("predict", "tiny", tmp_path / "data", "--out", tmp_path / "out", "--dry-run")
    train = ("train", "demo", f"data.records={tmp_path / 'data' / 'records.jsonl'}")
    for command in (predict, (*train, "--out", tmp_path / "run", "--dry-run")):
        code, _, told = run(*command)
        assert code == 2
        assert f"prepared under render profile {OTHER}, but this version draws under" in told
        assert render_profile() in told


def test_a_page_shows_no_restricted_case_unasked(run, restricted: Path, tmp_path: Path) -> None:
    out = tmp_path / "predictions"
    asked = ("--out", out, "--task", "vqa", "--limit", "2", "--name", "some")
    assert run("predict", "tiny", restricted, *asked).code == 0
    assert run("score", out).code == 0
    code, _, told = run("report", out / "scores.json", "--out", tmp_path / "page.html")
    assert code == 0
    assert "2 cases are of restricted records" in told
    page = (tmp_path / "page.html").read_text()
    assert "data:image" not in page
    shown = ("--out", tmp_path / "shown.html", "--include-restricted")
    code, _, told = run("report", out / "scores.json", *shown)
    assert (code, "restricted" in told) == (0, False)
    page = (tmp_path / "shown.html").read_text()
    assert "data:image" in page
    assert "Do not pass it on." in page
