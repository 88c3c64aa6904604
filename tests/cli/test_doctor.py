"""diascope doctor: it finds what is here, and notices what is broken."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import diascope.health

Run = Callable[..., tuple[int, str, str]]


def test_a_sound_installation_passes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIASCOPE_DATA", raising=False)
    code, out, _ = run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert [check for check in checks.values() if not check["passed"]] == []
    assert code == 0
    assert "processor" in checks["devices"]["found"]
    assert "10 tasks written and read back" in checks["self-test"]["found"]
    assert "tiny" in checks["shipped weights"]["found"]


def test_what_is_broken_fails_by_name(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken() -> str:
        raise ValueError("p1 does not come back")

    monkeypatch.setattr(diascope.health, "self_test", broken)
    monkeypatch.setenv("DIASCOPE_DATA", str(tmp_path / "gone"))
    code, out, _ = run("doctor")
    assert code == 1
    assert "FAIL  self-test: p1 does not come back" in out
    assert f"FAIL  DIASCOPE_DATA: {tmp_path / 'gone'}: no such folder" in out
    assert "ok    python: " in out
