"""diascope doctor: what is installed and a self-test, or what a raw folder holds."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from diascope.cli.options import AsJson, print_json, print_rows
from diascope.errors import InputError


class Subject(StrEnum):
    """What to examine in place of the installation."""

    data = "data"


def doctor(
    subject: Annotated[
        Subject | None, typer.Argument(help="data: look at a raw folder, not the installation.")
    ] = None,
    root: Annotated[Path | None, typer.Argument(help="The raw folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the installation, or a raw folder of data."""
    if subject is None:
        _installation(as_json)
    elif root is None:
        raise InputError("doctor data: name the raw folder to look at, as in `doctor data raw/nih`")
    else:
        _raw_folder(root, as_json)


def _installation(as_json: bool) -> None:
    from diascope.health import doctor as examine

    health = examine()
    if as_json:
        print_json(health)
    else:
        for check in health.checks:
            print(f"{'ok  ' if check.passed else 'FAIL'}  {check.name}: {check.found}")
    if not health.passed:
        raise typer.Exit(1)


def _raw_folder(root: Path, as_json: bool) -> None:
    from diascope.curation.inventory import take_inventory

    taken = take_inventory(root)
    for each in taken:
        if as_json:
            print_json(each)
            continue
        counts = {**dict.fromkeys(each.published), **each.found}
        rows = [
            (what, str(each.found.get(what, "")), str(each.published.get(what, "")))
            for what in counts
        ]
        print(f"{each.source}: licence {each.licence}{', restricted' if each.restricted else ''}")
        print_rows(("", "found", "published"), rows)
    if any(each.lacking or each.found["problems"] for each in taken):
        raise typer.Exit(1)
