"""Options that several verbs share, and how a result is printed."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diascope.errors import InputError, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.table import Table

_PIPED_WIDTH = 160

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Check the input and say what would be done; write nothing."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON on standard output.")
]
Temperature = Annotated[float, typer.Option(min=0, help="0 takes the likeliest token.")]
TopP = Annotated[float, typer.Option(min=0.01, max=1, help="Sample from so much mass.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]


def refuse_existing(out: Path) -> None:
    """InputError for an output that is already there: nothing is overwritten."""
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"{out} already exists and is not empty; name another, or remove it first")


def existing(path: Path) -> Path:
    """The path, which must be there; InputError names the nearest beside it where it is not."""
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file or folder{nearest(path.name, beside)}")
    return path


def record_file(path: Path) -> Path:
    """The record file that a path means: itself, or the one in a prepared folder."""
    return path / "records.jsonl" if path.is_dir() else path


def print_table(table: "Table") -> None:
    """A table on standard output, wide where that is no terminal."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table on standard output; nothing in a cell is taken for mark-up."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings)
    for row in rows:
        table.add_row(*map(Text, row))
    print_table(table)


def say(text: str, as_json: bool, **facts: object) -> None:
    """A result in words, or its facts as one line of JSON, on standard output."""
    print(json.dumps(facts) if as_json else text)


def print_json(value: "BaseModel") -> None:
    """A value as one line of JSON on standard output."""
    print(value.model_dump_json())
