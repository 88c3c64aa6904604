"""The public names: all there, typed, and loaded only when they are used."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import diascope as ds

HEAVY = ("torch", "transformers", "scipy", "sklearn", "PIL", "jinja2", "numpy", "pydantic", "rich")


def modules_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after running `code`."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stderr.splitlines()[-1]))


def test_importing_diascope_loads_nothing_heavy() -> None:
    assert modules_after("import diascope").isdisjoint(HEAVY)


def test_help_loads_nothing_heavy() -> None:
    code = "from diascope.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert modules_after(code).isdisjoint(HEAVY)


def test_what_needs_no_torch_does_not_load_it() -> None:
    names = ("score", "compare", "report", "RecordFile", "task", "source", "prepare", "Box", "load")
    loaded = modules_after("\n".join(["import diascope", *(f"diascope.{name}" for name in names)]))
    assert loaded.isdisjoint({"torch", "transformers"})


@pytest.mark.parametrize("name", [name for name in dir(ds) if not name.startswith("_")])
def test_every_public_name_is_there(name: str) -> None:
    thing = getattr(ds, name)
    assert getattr(thing, "__name__", name) in (name, "Annotated")


def test_types_and_names_agree() -> None:
    tree = ast.parse(Path(ds.__file__).read_text(encoding="utf-8"))
    typed = {
        (str(node.module).removeprefix("diascope."), alias.asname)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("diascope.")
        for alias in node.names
    }
    assert typed == {(home, name) for name, home in ds._HOME.items()}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'predcit'"):
        _ = ds.predcit
