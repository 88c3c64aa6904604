"""diascope show: counts and contents of what diascope reads and writes."""

import json
from collections.abc import Callable
from pathlib import Path

from diascope.recordfile import RecordFile

Run = Callable[..., tuple[int, str, str]]


def test_records_are_counted_and_shown(run: Run, records: Path) -> None:
    code, out, _ = run("show", records, "-n", 1)
    assert code == 0
    assert "phantom-chest" in out
    assert "instance_detection" in out
    first, second = RecordFile(records / "records.jsonl")[:2]
    assert f"\n{first.id} " in out
    assert second.id not in out
    assert first.turns[0].question in out
    assert run("show", records / "records.jsonl", "-n", 0)[0] == 0


def test_a_recipe_is_shown_as_it_would_be_used(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("show", "demo", "optim.lr=0.125", "model.family=paligemma")
    assert code == 0
    assert "lr = 0.125" in out
    (tmp_path / "again.toml").write_text(out)
    assert run("show", tmp_path / "again.toml")[1] == out


def test_a_mistaken_recipe_lists_every_mistake(run: Run) -> None:
    code, _, err = run("show", "demo", "optim.lrs=1", "batch_size=0", "model.dtype=float16")
    assert code == 2
    assert "3 mistakes" in err
    assert "optim.lrs: unknown key, did you mean 'lr'?" in err
    assert "batch_size: should be greater than or equal to 1, not 0" in err
    assert "model.dtype: 'float16' is not valid, did you mean 'bfloat16'?" in err


def test_a_run_shows_the_end_of_what_it_logged(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("seed = 3\n")
    lines = [json.dumps({"step": step, "loss": 1 / step}) for step in range(1, 6)]
    (tmp_path / "metrics.jsonl").write_text("\n".join([*lines, '{"step": 6, "lo']))
    _, out, _ = run("show", tmp_path, "-n", 2)
    assert "seed = 3" in out
    assert "0.25" in out
    assert "0.2 " in out
    assert "0.3333" not in out
