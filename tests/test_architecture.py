"""The direction of imports is a test: the contracts hold, and each fails by name when broken."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "diascope"
TORCH_GROUP = {"models", "batching.py", "generation", "training"}
HEAVY = {"torch", "transformers", "safetensors", "tokenizers"}


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).split(".")[0]


def test_torch_is_imported_by_its_own_group_alone() -> None:
    guilty = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in TORCH_GROUP and HEAVY & set(imported(path))
    ]
    assert guilty == []


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is not installed beside this Python")
    return subprocess.run(
        [program, "--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("geometry.py", "import diascope.tasks.task", "data flows one way"),
        ("codecs/choice.py", "import torch", "torch lives in models"),
        ("cli/show.py", "def _late():\n    import transformers", "torch lives in models"),
        ("scoring/score.py", "import diascope.batching", "scores and reports need no model"),
        ("novelty.py", "", "data flows one way"),
    ],
)
def test_a_broken_contract_fails_by_name(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    copy = tmp_path / "diascope"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("assets", "__pycache__"))
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1
    broken = [each for each in result.stdout.splitlines() if each.endswith("BROKEN")]
    assert len(broken) == 1, result.stdout
    assert broken[0].startswith(contract)


def test_every_contract_holds() -> None:
    result = lint(PACKAGE.parent)
    assert result.returncode == 0, result.stdout
