"""A way to run a command as a person would, and a prepared folder to run it on."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from diascope.cli.main import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs one command in this process."""

    def command(*words: object) -> Ran:
        with pytest.raises(SystemExit) as leaving:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        code = leaving.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), *captured)

    return command


@pytest.fixture
def records(phantom: Path) -> Path:
    """A prepared folder of drawn patients in three splits; read it, never write it."""
    return phantom.parent
