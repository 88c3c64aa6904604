"""diascope predict --numbers: where numbers are read, told and recorded."""

from collections.abc import Callable
from pathlib import Path

from diascope.predictionfile import PredictionFile

Run = Callable[..., tuple[int, str, str]]
ASKED = ("--split", "train", "--task", "counting", "--limit", 2)


def test_medians_are_recorded(run: Run, records: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, err = run("predict", "tiny", records, "--out", out, *ASKED, "--numbers", "median")
    assert code == 0, err
    found = PredictionFile.open(out)
    assert found.provenance.numbers == "median"
    assert [(each.read_from, each.outcome.kind) for each in found.predictions] == [
        ("median", "parsed")
    ] * 2


def test_a_head_that_is_not_there_is_refused_before_anything_is_written(
    run: Run, records: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, _, err = run("predict", "tiny", records, "--out", out, *ASKED, "--numbers", "head")
    assert code == 2
    assert "loss.number_head" in err
    assert not out.exists()
