"""The command: exit codes, one clean message for a mistake, and no traceback unless asked for."""

from collections.abc import Callable
from pathlib import Path

import pytest

import diascope.cli.main
from diascope.cli.main import VERBS, main

Run = Callable[..., tuple[int, str, str]]


def test_help_names_every_verb(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for verb in ("demo", "prepare", "show", "train", "predict", "score", "report", "doctor"):
        assert f"\n  {verb} " in out
    assert "..." not in out.split("Commands:")[1], "a verb's first sentence is too long to be shown"


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"diascope {diascope.__version__}\n", "")


def test_no_verb_shows_help(run: Run) -> None:
    assert run().code == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian", "x"], "Did you mean 'train'?"),
        (["score", "x", "--resample", "9"], "--resamples"),
        (["predict", "tiny", "records"], "Missing option '--out'"),
        (["predict", "tiny", "records", "--out", "x", "--top-p", "2"], "less than or equal to 1"),
        (
            ["predict", "tiny", "records", "--out", "x", "--seed", "-1"],
            "greater than or equal to 0",
        ),
        (["prepare", "flare", "a", "b", "--on-error", "ignore"], "on-error"),
    ],
)
def test_a_mistyped_command_is_bad_input(run: Run, words: list[str], said: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "no_such"], "no recipe named 'no_such'"),
        (["train", "no/such.toml"], "no/such.toml: no such file"),
        (["predict", "tiny", "gone", "--out", "x"], "gone"),
        (["score", "gone"], "gone: no such file or folder"),
        (["report", "gone", "--out", "x.html"], "gone"),
        (["show", "gone"], "no recipe named 'gone'"),
        (["show", "."], "nothing to show"),
        (["prepare", "flair", "a", "b"], "did you mean 'flare'?"),
        (["prepare", "flare", "gone", "b"], "gone"),
    ],
)
def test_bad_input_is_one_message_and_writes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "diascope: " in err
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--out"],
        ["train", "demo", "--out"],
        ["predict", "tiny", "records.jsonl", "--out"],
        ["prepare", "jsonl", "."],
    ],
)
def test_an_output_that_is_there_already_is_never_overwritten(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    code, _, err = run(*words, tmp_path)
    assert code == 2
    assert f"{tmp_path} " in err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def failing(error: Exception) -> Callable[[], None]:
    def verb() -> None:
        raise error

    return verb


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("deep down"), "diascope: failed: RuntimeError: deep down"),
        (
            PermissionError(13, "Permission denied", "x"),
            "failed: [Errno 13] Permission denied: 'x'",
        ),
    ],
)
def test_a_failure_is_one_line_and_how_to_see_more(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    monkeypatch.setattr(diascope.cli.main, "VERBS", (*VERBS, failing(error)))
    code, _, err = run("verb")
    assert code == 1
    assert said in err
    assert "--debug" in err
    with pytest.raises(type(error)):
        main(["verb", "--debug"])


def test_ctrl_c_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def verb() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(diascope.cli.main, "VERBS", (*VERBS, verb))
    assert run("verb") == (130, "", "diascope: stopped\n")
