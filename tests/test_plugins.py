import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import diascope.tasks
from diascope.answers import Number
from diascope.codecs.dialect import Dialect
from diascope.expectations import Range
from diascope.geometry import CanvasMap, Size
from diascope.plugins import scan
from diascope.records import Case, Image, Record, Turn

ELEVENTH = '''
"""Ageing: the age of the patient, scored by mean absolute error."""

from dataclasses import replace

from diascope.tasks.regression import TASK as REGRESSION

TASK = replace(REGRESSION, name="ageing", prompt=lambda turn, dialect: f"age? {turn.question}")
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes an importable package of the given modules, and takes it away again."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, **modules: str) -> list[str]:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
        importlib.invalidate_caches()
        return [str(folder)]

    before = set(sys.modules)
    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


THING = "from types import SimpleNamespace\nTHING = SimpleNamespace(name={!r})\n"


def test_modules_export_one_constant_and_others_are_skipped(package):
    path = package(
        "things", b=THING.format("x"), a=THING.format("y"), helper="OTHER = 1\n",
        _hidden="raise RuntimeError('a hidden module was imported')\n",
    )  # fmt: skip
    found = scan("things", path, "THING", "no.such.group")
    assert list(found) == ["y", "x"]
    with pytest.raises(TypeError):
        found["z"] = found["x"]


def test_a_name_used_twice_is_an_error_that_names_both_files(package):
    path = package("doubles", one=THING.format("x"), two=THING.format("x"))
    with pytest.raises(ValueError, match=r"'x' is defined by both doubles\.one and doubles\.two"):
        scan("doubles", path, "THING", "no.such.group")


def test_an_installed_plugin_joins_by_entry_point(package, tmp_path):
    path = package("base", one=THING.format("x"))
    package("extension", more=THING.format("y"))
    metadata = tmp_path / "extension-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: extension\nVersion: 1.0\n")
    points = metadata / "entry_points.txt"
    points.write_text("[base.things]\nmore = extension.more:THING\n")
    assert list(scan("base", path, "THING", "base.things")) == ["x", "y"]
    (tmp_path / "extension" / "more.py").write_text(THING.format("x"))
    del sys.modules["extension.more"]
    importlib.invalidate_caches()
    with pytest.raises(ValueError, match=r"base\.one and entry point extension\.more:THING"):
        scan("base", path, "THING", "base.things")


def test_an_eleventh_task_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "ageing.py").write_text(ELEVENTH)
    path = [*diascope.tasks.__path__, str(tmp_path)]
    monkeypatch.setattr(diascope.tasks, "__path__", path)
    importlib.invalidate_caches()
    tasks = scan("diascope.tasks", path, "TASK", "diascope.tasks")
    monkeypatch.delitem(sys.modules, "diascope.tasks.ageing")
    assert len(tasks) == 11
    ageing = tasks["ageing"]
    turn = Turn(task="ageing", question="chest", expects=Range(high=99), answer=Number(value=40))
    images = (Image(path="a.png", width=64, height=64),)
    case = Case(
        Record(
            id="r", dataset="d", patient="p", study="s", split="val", images=images, turns=(turn,)
        ),
        0,
    )
    loc = Dialect(name="loc")
    assert ageing.prompt(turn, loc) == "age? chest"
    codec = ageing.codec(turn, loc, CanvasMap.fit(Size(64, 64), Size(224, 224), "pad"))
    assert codec.parse(codec.encode(turn.answer)) == turn.answer
    rows = [ageing.measure(case, Number(value=43)), ageing.measure(case, None)]
    assert ageing.summarise(rows, np.array([1.0, 0.0]))["mae"] == 3.0
    assert ageing.summarise(rows)["mae"] == (3 + 59) / 2
