"""Every command that the README and the guides show exists, with the options they give it."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL.Image import new as picture

from diascope.cli.main import application

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def blocks(page: Path, language: str) -> Iterator[str]:
    pattern = rf"^```{language}\n(.*?)^```"
    yield from re.findall(pattern, page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in blocks(page, "console"):
            lines = block.replace("\\\n", " ").splitlines()
            prompted = (line[2:].split("  #")[0].strip() for line in lines if line.startswith("$ "))
            yield from ((page.name, line) for line in prompted)


def check(words: list[str]) -> None:
    """Parse a diascope command without running it; a wrong verb or option exits with 2."""
    group = typer.main.get_command(application())
    with group.make_context("diascope", words[:1]):
        verb = group.get_command(None, words[0])  # type: ignore[attr-defined]
        assert verb is not None, f"no verb {words[0]!r}"
        verb.make_context(words[0], words[1:])


@pytest.mark.parametrize(("page", "command"), [*commands()])
def test_a_shown_command_can_be_typed(page: str, command: str) -> None:
    words = shlex.split(command)
    if words[0] == "diascope":
        check(words[1:])
    elif words[0].startswith("./"):
        assert (ROOT / words[0]).stat().st_mode & 0o100, f"{page}: {words[0]} cannot be run"
        if words[0] == "./scripts/demo":
            check(["demo", *words[1:]])
    else:
        assert words[0] in {"git", "cd", "source", "export", "pip"}, f"{page}: {command}"


def test_the_readme_shows_both_first_commands() -> None:
    shown = [command for page, command in commands() if page == "README.md"]
    assert {"./scripts/demo", "./scripts/test"} <= set(shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_shown_toml_are_sound(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for block in blocks(page, "toml"):
        tomllib.loads(block)


def test_the_examples_of_extensions_work(tmp_path: Path) -> None:
    found = {}
    for code in blocks(ROOT / "docs" / "extending.md", "python"):
        exec(code, names := {"__name__": "example"})  # noqa: S102 - our own page
        found |= {name: names[name] for name in ("TASK", "SOURCE") if name in names}
    assert found["TASK"].name == "laterality"
    (tmp_path / "frontal").mkdir()
    (tmp_path / "lateral").mkdir()
    picture("L", (8, 6)).save(tmp_path / "lateral" / "p1.png")
    (tmp_path / "frontal" / "p2.png").write_bytes(b"no picture")
    problem, record = found["SOURCE"].read(tmp_path)
    assert problem.file == "frontal/p2.png"
    assert record.turns[0].answer.option == "lateral"


@pytest.mark.parametrize(
    "command", ["diascope trian x", "diascope score x --grup y", "diascope train"]
)
def test_the_check_itself_notices(command: str) -> None:
    with pytest.raises((Exception, SystemExit)):
        check(shlex.split(command)[1:])
