"""diascope demo: what it says before and after; the path itself is run, and judged, by .ci/run."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from diascope.cli.demo import rivals
from diascope.scoring.scorecard import Scorecard

Run = Callable[..., tuple[int, str, str]]


def test_a_dry_run_writes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("demo", "--dry-run")
    assert code == 0
    assert "report.html" in out
    assert list(tmp_path.iterdir()) == []


def test_rivals_stand_side_by_side(run: Run, records: Path, tmp_path: Path) -> None:
    words = ["--limit", 2, "--task", "classification", "--task", "regression"]
    recipe = ["demo", f"data.records={str(records / 'records.jsonl')!r}", "model.scratch=true"]
    run(
        "train",
        *recipe,
        "duration={steps=1}",
        "batch_size=2",
        "evaluation.limit=2",
        "--out",
        tmp_path / "run",
    )
    run("predict", tmp_path / "run", records, "--out", tmp_path / "a", "--name", "one", *words)
    free = [*words[:4], "--free", "--name", "free"]
    run("predict", tmp_path / "run", records, "--out", tmp_path / "b", *free)
    for name in ("a", "b"):
        run("score", tmp_path / name, "--resamples", 5)
    cards = [Scorecard.read(tmp_path / name) for name in ("a", "b")]
    Console(file=(shown := io.StringIO()), width=120).print(rivals(cards))
    text = shown.getvalue()
    assert "one" in text
    assert "2 invalid" in text
    assert "not asked" in text
    assert "baseline" in text
