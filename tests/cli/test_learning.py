"""diascope train, predict, score and report: one small model through all four verbs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


def recipe(records: Path, *pairs: str) -> list[str]:
    return [
        "demo",
        f"data.records={str(records / 'records.jsonl')!r}",
        "model.scratch=true",
        *pairs,
    ]


def test_a_dry_run_of_train_says_how_often_each_group_is_seen(
    run: Run, records: Path, tmp_path: Path
) -> None:
    words = recipe(records, "duration={examples=160}")
    code, out, _ = run("train", *words, "--out", tmp_path / "run", "--dry-run")
    assert code == 0
    assert "# train: 10 steps of 16" in out
    assert "GB at the most" in out
    assert "#   vqa: " in out
    assert "epochs" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("data.records=gone.jsonl", "gone.jsonl: there is no such record file"),
        ("data.split=trian", "nothing to draw from"),
        ("model.family=timy", "unknown model family 'timy', did you mean 'tiny'?"),
        ("optim.lr=fast", "optim.lr: should be a valid number, not 'fast'"),
    ],
)
def test_bad_input_to_train_is_one_message(
    run: Run, records: Path, tmp_path: Path, pair: str, said: str
) -> None:
    words = recipe(records, "model.scratch=false", pair)
    code, out, err = run("train", *words, "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--split", "tset"], "holds no 'tset', did you mean 'test'?"),
        (["--task", "detecton"], "holds no 'detecton', did you mean 'detection'?"),
    ],
)
def test_predict_names_the_nearest_split_and_task(
    run: Run, records: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    code, _, err = run("predict", "tiny", records, "--out", tmp_path / "out", *words)
    assert code == 2
    assert said in err


def test_a_dry_run_of_predict_counts_the_cases(run: Run, records: Path, tmp_path: Path) -> None:
    words = ["--task", "vqa", "--limit", 3, "--dry-run"]
    out = run("predict", "tiny", records, "--out", tmp_path / "out", *words)[1]
    assert out == "vqa: 3 cases\n"


def test_train_predict_score_and_report(run: Run, records: Path, tmp_path: Path) -> None:
    words = recipe(records, "duration={steps=2}", "batch_size=4", "evaluation.limit=4")
    folder, predictions = tmp_path / "run", tmp_path / "predictions"
    code, out, err = run("train", *words, "--out", folder)
    assert (code, out) == (0, f"{folder}\n"), err
    assert "2 steps of 4" in err
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2

    asked = ["--limit", 2, "--task", "classification", "--task", "regression"]
    code, out, err = run("predict", folder, records, "--out", predictions, *asked)
    assert (code, out) == (0, f"{predictions}\n"), err
    code, out, _ = run("show", predictions, "-n", 1)
    assert "classification" in out

    code, out, err = run("score", predictions, "--resamples", 20, "--json")
    assert code == 0, err
    assert {task["task"] for task in json.loads(out)["tasks"]} == {"classification", "regression"}
    assert run("show", predictions / "scores.json")[0] == 0

    page = tmp_path / "report.html"
    assert run("report", predictions, "--out", page)[:2] == (0, f"{page}\n")
    assert page.read_text().startswith("<!")
