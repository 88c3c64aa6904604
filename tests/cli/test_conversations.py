"""diascope conversations: several folders, one form or all, and what it prints."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from diascope.cli.conversations import conversations
from diascope.errors import InputError
from diascope.recordfile import RecordFile

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The verb by itself."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(conversations)

    def command(*words: object) -> str:
        with pytest.raises(SystemExit) as leaving:
            app([str(word) for word in words])
        assert leaving.value.code == 0
        return capsys.readouterr().out

    return command


def test_all_forms_of_a_folder(run: Run, records: Path, tmp_path: Path) -> None:
    printed = run(records, tmp_path / "out")
    assert "phantom-chest/findings_then_report" in printed
    assert "conversations, 0 left out" in printed
    datasets = RecordFile(tmp_path / "out" / "records.jsonl").datasets
    assert "phantom-chest/follow_up_report" in datasets


def test_one_form_and_a_seed_as_json(run: Run, records: Path, tmp_path: Path) -> None:
    words = ("--form", "report", "--form", "difference", "--seed", "7", "--json")
    printed = run(records / "records.jsonl", tmp_path / "out", *words)
    summary = json.loads(printed)
    assert summary == json.loads((tmp_path / "out" / "conversations.json").read_text())
    assert (summary["seed"], summary["forms"]) == (7, ["report", "difference"])
    assert {each["form"] for each in summary["groups"]} == {"report", "difference"}


def test_several_folders_go_into_one(run: Run, records: Path, tmp_path: Path) -> None:
    run(records, tmp_path / "one", "--form", "report")
    run(records, tmp_path / "one", tmp_path / "two", "--form", "difference")
    assert RecordFile(tmp_path / "two" / "records.jsonl").datasets == ("phantom-chest/difference",)


def test_a_dry_run_says_the_same_and_writes_nothing(
    run: Run, records: Path, tmp_path: Path
) -> None:
    assert "would make" in run(records, tmp_path / "out", "--dry-run")
    foretold = json.loads(run(records, tmp_path / "out", "--dry-run", "--json"))
    assert list(tmp_path.iterdir()) == []
    assert foretold == json.loads(run(records, tmp_path / "out", "--json"))


def test_bad_input_is_explained(records: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'report'"):
        conversations([records], tmp_path / "out", ["reprt"])
    with pytest.raises(InputError, match="no such file or folder"):
        conversations([tmp_path / "gone"], tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("")
    with pytest.raises(InputError, match="not empty"):
        conversations([records], tmp_path / "out")
