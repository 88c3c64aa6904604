"""diascope prepare: every kind of bad input is counted and listed, or stops with one message."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]
Row = dict[str, Any]
Spoil = Callable[[list[Row], Path], None]


def of_task(rows: list[Row], task: str) -> Row:
    return next(row for row in rows if row["turns"][0]["task"] == task)


def missing_image(rows: list[Row], root: Path) -> None:
    rows[0]["images"][0]["path"] = "images/gone.png"


def truncated_image(rows: list[Row], root: Path) -> None:
    path = root / "images" / "cut.png"
    path.write_bytes((root / rows[0]["images"][0]["path"]).read_bytes()[:200])
    rows[0]["images"][0]["path"] = "images/cut.png"


def image_outside_its_folder(rows: list[Row], root: Path) -> None:
    rows[0]["images"][0]["path"] = "../../etc/passwd"


def box_outside_its_image(rows: list[Row], root: Path) -> None:
    of_task(rows, "detection")["turns"][0]["answer"]["boxes"][0]["x1"] = 5000.0


def box_without_area(rows: list[Row], root: Path) -> None:
    box = of_task(rows, "detection")["turns"][0]["answer"]["boxes"][0]
    box["x1"] = box["x0"]


def box_that_touches_its_image(rows: list[Row], root: Path) -> None:
    record = of_task(rows, "detection")
    width = record["images"][0]["width"]
    record["turns"][0]["answer"]["boxes"][0] |= {"x0": width, "x1": width + 1}


def spacing_that_is_no_number(rows: list[Row], root: Path) -> None:
    rows[0]["images"][0]["spacing_mm"] = [float("nan"), 1.0]


def answer_not_among_its_options(rows: list[Row], root: Path) -> None:
    of_task(rows, "classification")["turns"][0]["answer"]["option"] = "none of these"


def unknown_task(rows: list[Row], root: Path) -> None:
    rows[0]["turns"][0]["task"] = "detecton"


def repeated_id(rows: list[Row], root: Path) -> None:
    rows[1]["id"] = rows[0]["id"]


def patient_in_two_splits(rows: list[Row], root: Path) -> None:
    train = next(row for row in rows if row["split"] == "train")
    test = next(row for row in rows if row["split"] == "test")
    train["patient"] = test["patient"]


def line_that_is_no_record(rows: list[Row], root: Path) -> None:
    del rows[0]["images"]


SPOILS: list[tuple[Spoil, str]] = [
    (missing_image, "images/gone.png: there is no such file"),
    (truncated_image, "images/cut.png: truncated or damaged"),
    (image_outside_its_folder, "image path must stay inside"),
    (box_outside_its_image, "outside"),
    (box_without_area, "no area"),
    (box_that_touches_its_image, "outside its image"),
    (spacing_that_is_no_number, "spacing_mm"),
    (answer_not_among_its_options, "none of these"),
    (unknown_task, "unknown task 'detecton', did you mean 'detection'?"),
    (repeated_id, "was given to a record before it"),
    (patient_in_two_splits, "its patient is also in the split 'test'"),
    (line_that_is_no_record, "images: Field required"),
]


@pytest.fixture
def raw(records: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    shutil.copytree(records, folder)
    return folder


def spoil(raw: Path, how: Spoil) -> None:
    path = raw / "records.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    how(rows, raw)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(("how", "why"), SPOILS, ids=lambda each: getattr(each, "__name__", ""))
def test_skip_leaves_it_out_counts_it_and_lists_it(
    run: Run, raw: Path, tmp_path: Path, how: Spoil, why: str
) -> None:
    spoil(raw, how)
    out = tmp_path / "out"
    code, printed, err = run("prepare", "jsonl", raw, out)
    assert code == 0
    assert "1 left out" in printed
    assert why in err
    audit = json.loads((out / "audit.json").read_text())
    assert audit["excluded"] == 1
    assert why in audit["exclusions"][0]["reason"]
    assert audit["exclusions"][0]["row"] is not None
    assert audit["records"] == len((raw / "records.jsonl").read_text().splitlines()) - 1


@pytest.mark.parametrize(("how", "why"), SPOILS, ids=lambda each: getattr(each, "__name__", ""))
def test_stop_says_it_and_writes_nothing(
    run: Run, raw: Path, tmp_path: Path, how: Spoil, why: str
) -> None:
    spoil(raw, how)
    code, printed, err = run("prepare", "jsonl", raw, tmp_path / "out", "--on-error", "stop")
    assert (code, printed) == (2, "")
    assert why in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_good_records_come_through_whole(run: Run, raw: Path, tmp_path: Path) -> None:
    code, printed, err = run("prepare", "jsonl", raw, tmp_path / "out")
    assert code == 0
    assert "0 left out" in printed
    assert "left out" not in err


def test_json_is_the_audit(run: Run, raw: Path, tmp_path: Path) -> None:
    _, printed, _ = run("prepare", "jsonl", raw, tmp_path / "out", "--json")
    assert json.loads(printed) == json.loads((tmp_path / "out" / "audit.json").read_text())


def test_a_dry_run_says_what_is_there_and_writes_nothing(
    run: Run, raw: Path, tmp_path: Path
) -> None:
    spoil(raw, line_that_is_no_record)
    code, printed, err = run("prepare", "jsonl", raw, tmp_path / "out", "--dry-run")
    assert code == 0
    assert "phantom-chest" in printed
    assert "1 left out" in printed
    assert "records.jsonl, row 1: images: Field required" in err
    assert not (tmp_path / "out").exists()
    code, printed, _ = run("prepare", "jsonl", raw, tmp_path / "out", "--dry-run", "--json")
    foretold = json.loads(printed)
    run("prepare", "jsonl", raw, tmp_path / "out")
    assert foretold == json.loads((tmp_path / "out" / "audit.json").read_text())


def test_a_dry_run_of_a_source_that_draws_draws_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "phantom.toml").write_text("seed = 1\npatients = 3\n")
    code, printed, _ = run("prepare", "phantom", tmp_path, tmp_path / "out", "--dry-run")
    assert code == 0
    assert "would draw 3 patients" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["phantom.toml"]


@pytest.mark.parametrize("shares", ["test", "test=most", "test=0.5"])
def test_bad_shares_are_bad_input(run: Run, raw: Path, tmp_path: Path, shares: str) -> None:
    code, _, err = run("prepare", "jsonl", raw, tmp_path / "out", "--split", shares)
    assert code == 2
    assert "share" in err or "fractions" in err


def test_a_dry_run_for_slurm_prints_the_job(run: Run, raw: Path, tmp_path: Path) -> None:
    words = ("prepare", "jsonl", raw, tmp_path / "out", "--launcher", "slurm", "--dry-run")
    code, printed, _ = run(*words, "--workers", 8, "--work", tmp_path / "my work")
    assert code == 0
    first, second, *rest = printed.splitlines()
    assert first == "#!/bin/sh"
    assert second.startswith("# sbatch --wait ")
    assert "#SBATCH --array=0-7" in rest
    assert rest[-1].endswith(f"worker '{tmp_path / 'my work'}' \"$SLURM_ARRAY_TASK_ID\" 8")
    code, printed, _ = run(*words, "--work", tmp_path / "work", "--json")
    assert json.loads(printed)["script"].startswith("#!/bin/sh\n")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
    code, _, err = run(*words)
    assert code == 2
    assert "add --work FOLDER" in err


def test_a_work_folder_of_another_preparation_is_refused(
    run: Run, raw: Path, tmp_path: Path
) -> None:
    words = ("prepare", "jsonl", raw, tmp_path / "out", "--work", tmp_path / "work")
    spoil(raw, missing_image)
    code, _, err = run(*words, "--on-error", "stop")
    assert code == 2
    assert f"mend it and remove {tmp_path / 'work'}" in err
    code, _, err = run(*words, "--seed", 1)
    assert code == 2
    assert "work: was begun with seed 0, not 1" in err
    code, printed, _ = run(*words)
    assert code == 0
    assert "1 left out" in printed
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "out"}
